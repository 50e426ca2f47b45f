# Macros of our own; dovecot.m4 of dovecot-dev differs between the two series
# and finds an installed Dovecot only below $prefix.

# LEMONADE_DOVECOT
# Finds dovecot-config (a shell fragment that Dovecot's build installs) and
# takes from it the include folder, the libraries and where plugins go.
AC_DEFUN([LEMONADE_DOVECOT], [
AC_ARG_WITH([dovecot],
	[AS_HELP_STRING([--with-dovecot=DIR],
		[directory that holds dovecot-config (usually
		 /usr/lib/dovecot); --without-dovecot builds only what needs no
		 Dovecot])],
	[], [with_dovecot=yes])
AC_ARG_WITH([dovecot-install-dirs],
	[AS_HELP_STRING([--without-dovecot-install-dirs],
		[install below our own prefix, not where Dovecot looks])],
	[], [with_dovecot_install_dirs=yes])
AS_IF([test "$with_dovecot" = yes], [
	with_dovecot=
	lemonade_libdir=`eval echo "$libdir" | sed "s,^NONE,$ac_default_prefix,"`
	for lemonade_dir in "$lemonade_libdir" /usr/local/lib /usr/lib /usr/lib64
	do
		AS_IF([test -f "$lemonade_dir/dovecot/dovecot-config"],
		      [with_dovecot=$lemonade_dir/dovecot; break])
	done
])
AS_IF([test "$with_dovecot" != no], [
	AC_MSG_CHECKING([for dovecot-config])
	AS_IF([test -f "$with_dovecot/dovecot-config"],
	      [AC_MSG_RESULT([$with_dovecot])],
	      [AC_MSG_RESULT([no])
	       AC_MSG_ERROR(m4_normalize([dovecot-config is not there: install
		dovecot-dev, or say --with-dovecot=DIR or
		--without-dovecot]))])
	. "$with_dovecot/dovecot-config"
	LEMONADE_DOVECOT_HEADERS
])
AS_IF([test "$with_dovecot_install_dirs" = no], [
	dovecot_moduledir='${libdir}/dovecot/modules'
	dovecot_pkglibexecdir='${libexecdir}/dovecot'
])
AC_SUBST([LIBDOVECOT])
AC_SUBST([LIBDOVECOT_STORAGE])
AC_SUBST([LIBDOVECOT_COMPRESS])
AC_SUBST([LIBDOVECOT_INCLUDE])
AC_SUBST([dovecot_pkglibdir])
AC_SUBST([dovecot_statedir])
AC_SUBST([dovecot_moduledir])
AC_SUBST([dovecot_statedir])
AC_SUBST([dovecot_pkglibexecdir])
AM_CONDITIONAL([DOVECOT], [test "$with_dovecot" != no])
])

# LEMONADE_DOVECOT_HEADERS
# A stale or half-installed dovecot-dev is told here, not in the middle of make.
AC_DEFUN([LEMONADE_DOVECOT_HEADERS], [
AC_MSG_CHECKING([whether Dovecot's headers can be compiled])
LEMONADE_TRY([#include "mail-storage-private.h"
#include "notify-plugin.h"], [(void)sizeof(struct notify_vfuncs);],
	[AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	 AC_MSG_ERROR([see config.log: is dovecot-dev complete?])])
])

# LEMONADE_TRY(INCLUDES, BODY, IF-YES, IF-NO)
# Compiles against Dovecot. Warnings about pointer types are errors, else a
# wrong signature would pass.
AC_DEFUN([LEMONADE_TRY], [
lemonade_cppflags=$CPPFLAGS
lemonade_cflags=$CFLAGS
CPPFLAGS="$CPPFLAGS -DHAVE_CONFIG_H $LIBDOVECOT_INCLUDE"
CFLAGS="$CFLAGS -Werror=incompatible-pointer-types -Werror=int-conversion"
CFLAGS="$CFLAGS -Werror=implicit-function-declaration"
# confdefs.h would meet Dovecot's config.h
mv confdefs.h confdefs.lemonade; : > confdefs.h
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([#include "lib.h"
$1], [$2])], [lemonade_ok=yes], [lemonade_ok=no])
mv confdefs.lemonade confdefs.h
CPPFLAGS=$lemonade_cppflags
CFLAGS=$lemonade_cflags
AS_IF([test $lemonade_ok = yes], [$3], [$4])
])

# LEMONADE_PROBE(SYMBOL, WHAT, INCLUDES, BODY)
# Defines SYMBOL (name it in lemonade-config.h.in) if BODY compiles against
# Dovecot. For what distributions' updates change inside one version; a
# difference between the two series is a DOVECOT_PREREQ in compat/.
AC_DEFUN([LEMONADE_PROBE], [
AC_MSG_CHECKING([whether $2])
LEMONADE_TRY([$3], [$4],
	[AC_MSG_RESULT([yes])
	 AC_DEFINE([$1], [1], [Define if $2])],
	[AC_MSG_RESULT([no])])
])

# LEMONADE_SIEVE
# The Sieve plugin needs Pigeonhole's headers, which not every dovecot-dev has.
AC_DEFUN([LEMONADE_SIEVE], [
AC_ARG_WITH([sieve],
	[AS_HELP_STRING([--without-sieve],
		[no notify method for Pigeonhole's Sieve])],
	[], [with_sieve=$with_dovecot])
AS_IF([test "$with_sieve" != no && test "$with_dovecot" = no],
      [AC_MSG_ERROR([--with-sieve needs Dovecot: say --without-sieve])])
AS_IF([test "$with_sieve" != no], [
	AC_MSG_CHECKING([whether Pigeonhole's headers can be compiled])
	SIEVE_INCLUDE="-I$dovecot_pkgincludedir/sieve"
	lemonade_include=$LIBDOVECOT_INCLUDE
	LIBDOVECOT_INCLUDE="$LIBDOVECOT_INCLUDE $SIEVE_INCLUDE"
	LEMONADE_TRY([#include "sieve-ext-enotify.h"],
		[(void)sizeof(struct sieve_enotify_method_def);],
		[AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		 AC_MSG_ERROR(m4_normalize([see config.log: install Pigeonhole's
			headers (Debian: in dovecot-dev), or say
			--without-sieve]))])
	LIBDOVECOT_INCLUDE=$lemonade_include
])
AC_SUBST([SIEVE_INCLUDE])
AM_CONDITIONAL([SIEVE], [test "$with_sieve" != no])
])

# LEMONADE_HIREDIS
# Feeds by Redis Streams; without it redis:// in lemonade_feed_file is refused.
AC_DEFUN([LEMONADE_HIREDIS], [
AC_ARG_WITH([hiredis],
	[AS_HELP_STRING([--without-hiredis],
		[no feeds by Redis Streams])],
	[], [with_hiredis=$with_dovecot])
AS_IF([test "$with_hiredis" != no && test "$with_dovecot" = no],
      [AC_MSG_ERROR([--with-hiredis needs Dovecot: say --without-hiredis])])
AS_IF([test "$with_hiredis" != no], [
	PKG_CHECK_MODULES([HIREDIS], [hiredis >= 0.14], [],
		[AC_MSG_ERROR(m4_normalize([hiredis is not there: install it
			(Debian: libhiredis-dev), or say --without-hiredis]))])
])
AM_CONDITIONAL([HIREDIS], [test "$with_hiredis" != no])
])

# LEMONADE_LATER(ROOM)
# Packagers' scripts may say --without-ROOM already; nobody can have it yet.
AC_DEFUN([LEMONADE_LATER], [
AC_ARG_WITH([$1],
	[AS_HELP_STRING([--without-$1],
		[accepted; this version has no $1 part])],
	[], [with_$1=no])
AS_IF([test "$with_$1" != no],
      [AC_MSG_ERROR([--with-$1: this version has no $1 part])])
])

# LEMONADE_WARNINGS
# The C standard is the one that Dovecot itself was built with, since its
# headers were; LTO and the like of the distribution's build are not taken.
AC_DEFUN([LEMONADE_WARNINGS], [
lemonade_std=gnu99
for lemonade_flag in $DOVECOT_CFLAGS; do
	case $lemonade_flag in
	-std=*) lemonade_std=${lemonade_flag#-std=} ;;
	esac
done
LEMONADE_CFLAGS="-std=$lemonade_std -Wall -W -Wformat=2"
LEMONADE_CFLAGS="$LEMONADE_CFLAGS -Wmissing-prototypes -Wmissing-declarations"
LEMONADE_CFLAGS="$LEMONADE_CFLAGS -Wpointer-arith -Wchar-subscripts"
LEMONADE_CFLAGS="$LEMONADE_CFLAGS -Wbad-function-cast"
LEMONADE_CFLAGS="$LEMONADE_CFLAGS -Wstrict-aliasing=2"
AC_SUBST([LEMONADE_CFLAGS])
])
