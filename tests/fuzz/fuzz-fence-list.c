#include "fuzz.h"
#include "lemo-fence.h"

/* The input is a list; addresses and names are asked against it, the last
   octets of the list itself among them. */
static void ask(const char *list, size_t size)
{
	uint8_t addr[16] = { 0 };
	size_t len = size < sizeof(addr) ? size : sizeof(addr);

	memcpy(addr, list + size - len, len);
	(void)lemo_fence_listed(list, list, 443, NULL, 0);
	(void)lemo_fence_listed(list, "::1", 8443, NULL, 0);
	(void)lemo_fence_listed(list, "hook", 443, addr, 4);
	(void)lemo_fence_listed(list, "hook", 443, addr, sizeof(addr));
	(void)lemo_fence_allows(addr, 4);
	(void)lemo_fence_allows(addr, sizeof(addr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *list = fuzz_string(data, size);
	const char *error;
	size_t pos;

	if (lemo_fence_list_check(list, &error, &pos) < 0)
		FUZZ_ASSERT(pos < size && *error != '\0');
	ask(list, size);
	free(list);
	return 0;
}
