#include "fuzz.h"
#include "lemo-check-conf.h"
#include "lemo-check-imap.h"
#include "lemo-check-text.h"
#include "lemo-check-url.h"

static void check_imap(const char *resp, size_t size)
{
	struct lemo_buf buf;
	const char *args;
	uint64_t num, num2;
	uint32_t literal;
	size_t len;
	char separator;

	(void)lemo_check_imap_literal(resp, size, &literal);
	(void)lemo_check_imap_has_word(resp, size, "IDLE");
	if (lemo_check_imap_code(resp, size, "CAPABILITY", &args, &len))
		FUZZ_ASSERT(args >= resp && args + len <= resp + size);
	(void)lemo_check_imap_number(resp, size, "[UIDVALIDITY", &num);
	(void)lemo_check_imap_addto(resp, size, &num, &num2);
	lemo_buf_init(&buf, size + 1);
	if (lemo_check_imap_value(resp, size, "BODY[1]", &buf))
		FUZZ_ASSERT(buf.len < size && !buf.failed);
	lemo_buf_reset(&buf);
	(void)lemo_check_imap_namespace(resp, size, &buf, &separator);
	lemo_buf_free(&buf);
}

static void check_lines(const char *line, size_t size)
{
	struct lemo_check_smtp_line smtp;
	const char *value;
	size_t len;

	(void)lemo_check_sieve_line(line, size);
	if (lemo_check_sieve_capability(line, size, "SIEVE", &value, &len) &&
	    len > 0)
		FUZZ_ASSERT(value > line && value + len < line + size);
	if (lemo_check_smtp_line(line, size, &smtp) == 0) {
		FUZZ_ASSERT(smtp.text + smtp.text_len == line + size);
		(void)lemo_check_smtp_enhanced(&smtp);
		(void)lemo_check_smtp_keyword(smtp.text, smtp.text_len,
					      "BURL", "imap");
	}
}

static void check_strings(const char *str, size_t size)
{
	struct lemo_check_url url;
	struct lemo_buf buf;
	const char *error;

	if (lemo_check_url_parse(str, LEMO_CHECK_IMAP, &url, &error) == 0)
		FUZZ_ASSERT(url.port > 0 && url.host[0] != '\0');
	else
		FUZZ_ASSERT(*error != '\0');
	lemo_buf_init(&buf, size + 1);
	(void)lemo_check_conf_value(str, "protocols", &buf);
	FUZZ_ASSERT(buf.len <= size);
	(void)lemo_check_conf_has(str, "protocols", "imap");
	(void)lemo_check_conf_has_block(str, "mail_attribute");
	lemo_buf_free(&buf);
}

/* What a server says, what doveconf prints, a module or a URL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size), *str = fuzz_string(data, size);
	struct lemo_buf abi;

	check_imap(copy, size);
	check_lines(copy, size);
	check_strings(str, size);
	lemo_buf_init(&abi, size + 1);
	(void)lemo_check_module_abi(copy, size, "2.4.ABIv1", &abi);
	lemo_buf_free(&abi);
	free(copy);
	free(str);
	return 0;
}
