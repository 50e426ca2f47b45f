/* Changes of access rights, watched where the acl plugin writes them: IMAP,
   doveadm and others all come through its backend. */

#include "lib.h"
#include "module-dir.h"
#include "mail-storage-service.h"
#include "lemonade-acl-compat.h"
#include "lemonade-acl.h"
#include "lemonade-mailbox.h"
#include "lemonade-user.h"

#define LEMONADE_LIST_CONTEXT(obj) \
	MODULE_CONTEXT(obj, lemonade_list_module)
#define LEMONADE_MAILBOX_CONTEXT(obj) \
	MODULE_CONTEXT(obj, lemonade_mailbox_module)

/* The acl plugin is no dependency: what is needed of it is looked up. */
struct lemonade_list {
	union mailbox_list_module_context module_ctx;

	lemonade_acl_update_t *super_update;
	/* a mailbox is being made, with the rights of its parent: it has an
	   event of its own */
	bool creating;
	unsigned int (*lookup_right)(struct acl_backend *backend,
				     const char *right);
	int (*have_right)(struct acl_object *aclobj, unsigned int right_idx);
};

static MODULE_CONTEXT_DEFINE_INIT(lemonade_list_module,
				  &mailbox_list_module_register);
static MODULE_CONTEXT_DEFINE_INIT(lemonade_mailbox_module,
				  &mail_storage_module_register);

static bool is_accessible(const struct lemonade_list *llist,
			  struct acl_object *aclobj)
{
	unsigned int right = llist->lookup_right(aclobj->backend,
						 MAIL_ACL_LOOKUP);

	return llist->have_right(aclobj, right) > 0;
}

static void access_changed(struct lemonade_user *luser,
			   struct acl_object *aclobj, bool granted)
{
	struct mailbox_list *list = aclobj->backend->list;
	struct mailbox *box;

	box = mailbox_alloc(list, mailbox_list_get_vname(list, aclobj->name),
			    MAILBOX_FLAG_READONLY);
	lemonade_mailbox_access_changed(luser, box, granted);
	mailbox_free(&box);
}

static int lemonade_acl_update(struct acl_object *aclobj,
			       const struct acl_rights_update *update)
{
	struct mailbox_list *list = aclobj->backend->list;
	struct lemonade_list *llist = LEMONADE_LIST_CONTEXT(list);
	struct lemonade_user *luser = lemonade_user_get(list->ns->user);
	bool before, after;

	if (luser == NULL || luser->set == NULL || llist->creating ||
	    lemonade_user_replicates(luser))
		return llist->super_update(aclobj, update);
	before = is_accessible(llist, aclobj);
	if (llist->super_update(aclobj, update) < 0)
		return -1;
	after = is_accessible(llist, aclobj);
	if (before != after) T_BEGIN {
		access_changed(luser, aclobj, after);
	} T_END;
	return 0;
}

static struct acl_backend *
list_get_backend(struct module *acl, struct mailbox_list *list)
{
	struct acl_mailbox_list_module *id;
	const struct acl_mailbox_list *alist;

	id = module_get_symbol_quiet(acl, "acl_mailbox_list_module");
	alist = id == NULL ? NULL : MODULE_CONTEXT(list, *id);
	return alist == NULL ? NULL : alist->rights.backend;
}

/* NULL if the acl plugin is not what it was. */
static struct lemonade_list *
lemonade_list_new(struct module *acl, struct mailbox_list *list)
{
	struct lemonade_list *llist;

	llist = p_new(list->pool, struct lemonade_list, 1);
	llist->lookup_right =
		module_get_symbol_quiet(acl, "acl_backend_lookup_right");
	llist->have_right =
		module_get_symbol_quiet(acl, "acl_object_have_right");
	return llist->lookup_right == NULL || llist->have_right == NULL ?
		NULL : llist;
}

void lemonade_acl_storage_added(struct mail_namespace *ns)
{
	struct lemonade_list *llist = LEMONADE_LIST_CONTEXT(ns->list);
	struct module *acl;
	struct acl_backend *backend;

	acl = module_dir_find(mail_storage_service_modules, "acl");
	backend = acl == NULL ? NULL : list_get_backend(acl, ns->list);
	/* a namespace may have several storages */
	if (backend == NULL || llist != NULL)
		return;
	llist = lemonade_list_new(acl, ns->list);
	if (llist == NULL)
		return;
	llist->super_update = lemonade_acl_watch(backend, lemonade_acl_update);
	MODULE_CONTEXT_SET(ns->list, lemonade_list_module, llist);
}

static int lemonade_create_box(struct mailbox *box,
			       const struct mailbox_update *update,
			       bool directory)
{
	union mailbox_module_context *ctx = LEMONADE_MAILBOX_CONTEXT(box);
	struct lemonade_list *llist = LEMONADE_LIST_CONTEXT(box->list);
	int ret;

	llist->creating = TRUE;
	ret = ctx->super.create_box(box, update, directory);
	llist->creating = FALSE;
	return ret;
}

void lemonade_acl_mailbox_allocated(struct mailbox *box)
{
	union mailbox_module_context *ctx;

	if (LEMONADE_LIST_CONTEXT(box->list) == NULL)
		return;
	ctx = p_new(box->pool, union mailbox_module_context, 1);
	/* around the acl plugin, which comes first and so is outermost in the
	   chain of box->vlast */
	ctx->super = box->v;
	box->v.create_box = lemonade_create_box;
	MODULE_CONTEXT_SET_SELF(box, lemonade_mailbox_module, ctx);
}
