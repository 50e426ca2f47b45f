#ifndef LEMONADE_ACL_COMPAT_H
#define LEMONADE_ACL_COMPAT_H

/*
 * What differs between the acl plugins of Dovecot 2.3 and 2.4.
 */

#include "lemonade-mailbox-list-compat.h"
#include "acl-api-private.h"
#include "acl-plugin.h"

typedef int lemonade_acl_update_t(struct acl_object *aclobj,
				  const struct acl_rights_update *update);

/* Lets a backend call update for each change. Returns what it called
   before. */
static inline lemonade_acl_update_t *
lemonade_acl_watch(struct acl_backend *backend, lemonade_acl_update_t *update)
{
#if DOVECOT_PREREQ(2, 4, 0)
	lemonade_acl_update_t *super = backend->v->object_update;
	struct acl_backend_vfuncs *v;

	v = p_new(backend->pool, struct acl_backend_vfuncs, 1);
	*v = *backend->v;
	v->object_update = update;
	backend->v = v;
#else
	lemonade_acl_update_t *super = backend->v.object_update;

	backend->v.object_update = update;
#endif
	return super;
}

#endif
