#include "lemo-token.h"

#include <string.h>

#include "lemo-banned.h"

/* Digits of the largest time that is believed: the year 9999. */
#define TIME_DIGITS_MAX 12

bool lemo_token_is_valid(const char *token, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (token[i] <= ' ' || token[i] > '~' || token[i] == '"' ||
		    token[i] == '\\')
			return false;
	}
	return len >= 1 && len <= LEMO_TOKEN_MAX;
}

const char *lemo_token_id_of_device(const char *name)
{
	size_t len = strlen(LEMO_TOKEN_DEVICE_PREFIX);

	if (strncmp(name, LEMO_TOKEN_DEVICE_PREFIX, len) != 0)
		return NULL;
	name += len;
	if (strspn(name, "0123456789abcdef") != LEMO_TOKEN_ID_LEN ||
	    name[LEMO_TOKEN_ID_LEN] != '\0')
		return NULL;
	return name;
}

void lemo_token_add_value(struct lemo_buf *buf, const char *token,
			  int64_t refreshed)
{
	lemo_buf_addu(buf, refreshed);
	lemo_buf_addc(buf, ' ');
	lemo_buf_adds(buf, token);
}

bool lemo_token_parse_value(const char *value, int64_t *refreshed_r,
			    const char **token_r)
{
	size_t i, digits = strspn(value, "0123456789");
	const char *token = value + digits + 1;
	int64_t refreshed = 0;

	if (digits == 0 || digits > TIME_DIGITS_MAX || value[digits] != ' ' ||
	    !lemo_token_is_valid(token, strlen(token)))
		return false;
	for (i = 0; i < digits; i++)
		refreshed = refreshed * 10 + (value[i] - '0');
	*refreshed_r = refreshed;
	*token_r = token;
	return true;
}

void lemo_token_add_subscription(struct lemo_buf *buf, const char *token,
				 const char *expires)
{
	lemo_buf_adds(buf, "{\"channel\":\"token\",\"token\":\"");
	lemo_buf_adds(buf, token);
	lemo_buf_adds(buf, "\",\"payload\":0,\"whenConnected\":\"always\","
		      "\"expires\":\"");
	lemo_buf_adds(buf, expires);
	lemo_buf_adds(buf, "\"}");
}
