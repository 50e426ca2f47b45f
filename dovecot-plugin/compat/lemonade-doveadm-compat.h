#ifndef LEMONADE_DOVEADM_COMPAT_H
#define LEMONADE_DOVEADM_COMPAT_H

/* doveadm's commands: 2.3 hands positional arguments to init() and asks for
   each option; in 2.4 a command takes both from the context. */

#include "doveadm-mail.h"

#if DOVECOT_PREREQ(2, 4, 0)

#define LEMONADE_DOVEADM_INIT_ARGS
#define lemonade_doveadm_error(cctx, ...) \
	e_error((cctx)->event, __VA_ARGS__)
/* Knows the settings, in 2.4. */
#define lemonade_doveadm_event(cctx) ((cctx)->event)

static inline void
lemonade_doveadm_accept_options(struct doveadm_mail_cmd_context *ctx
				ATTR_UNUSED)
{
}

#else

#define LEMONADE_DOVEADM_INIT_ARGS , const char *const args[] ATTR_UNUSED
#define lemonade_doveadm_error(cctx, ...) \
	i_error(__VA_ARGS__)
#define lemonade_doveadm_event(cctx) NULL

static inline bool
lemonade_doveadm_parse_arg(struct doveadm_mail_cmd_context *ctx ATTR_UNUSED,
			   int c ATTR_UNUSED)
{
	return TRUE;
}

/* The command reads its options with doveadm_cmd_param_*(), as in 2.4. */
static inline void
lemonade_doveadm_accept_options(struct doveadm_mail_cmd_context *ctx)
{
	ctx->v.parse_arg = lemonade_doveadm_parse_arg;
}

#endif

#endif
