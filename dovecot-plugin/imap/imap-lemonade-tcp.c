#include "lib.h"
#include "net.h"
#include "mail-user.h"
#include "imap-lemonade-tcp.h"

#ifdef __linux__

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* Timers that ran out since the last acknowledgement: with the usual 200 ms
   and doubling, some one and a half seconds. */
#define DEAD_RETRANSMITS 3
#define ANSWER_MAX 4096

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 req;
};

/* In network byte order, an IPv4 address in the first word. */
static void set_address(__be32 dest[4], const struct ip_addr *ip)
{
	if (ip->family == AF_INET)
		memcpy(dest, &ip->u.ip4, sizeof(ip->u.ip4));
	else
		memcpy(dest, &ip->u.ip6, sizeof(ip->u.ip6));
}

static void question_init(struct question *q,
			  const struct mail_user_connection_data *conn)
{
	i_zero(q);
	q->head.nlmsg_len = sizeof(*q);
	q->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q->head.nlmsg_flags = NLM_F_REQUEST;
	q->req.sdiag_family = conn->local_ip->family;
	q->req.sdiag_protocol = IPPROTO_TCP;
	q->req.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	q->req.idiag_states = UINT32_MAX;
	q->req.id.idiag_sport = htons(conn->local_port);
	q->req.id.idiag_dport = htons(conn->remote_port);
	set_address(q->req.id.idiag_src, conn->local_ip);
	set_address(q->req.id.idiag_dst, conn->remote_ip);
	q->req.id.idiag_cookie[0] = q->req.id.idiag_cookie[1] =
		INET_DIAG_NOCOOKIE;
}

/* The answer's octets, at most size; -1 if there is none. The kernel answers
   before send() returns. */
static ssize_t ask(const struct question *q, void *answer, size_t size)
{
	ssize_t ret = -1;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd == -1)
		return -1;
	if (send(fd, q, sizeof(*q), MSG_DONTWAIT) == (ssize_t)sizeof(*q))
		ret = recv(fd, answer, size, MSG_DONTWAIT);
	i_close_fd(&fd);
	return ret;
}

static bool info_is_dead(const struct nlattr *attr, unsigned int *msecs_r)
{
	struct tcp_info info;
	size_t len = attr->nla_len - NLA_HDRLEN;

	i_zero(&info);
	memcpy(&info, CONST_PTR_OFFSET(attr, NLA_HDRLEN),
	       I_MIN(len, sizeof(info)));
	if (info.tcpi_unacked == 0 ||
	    info.tcpi_retransmits < DEAD_RETRANSMITS)
		return FALSE;
	*msecs_r = info.tcpi_last_ack_recv;
	return TRUE;
}

static bool answer_is_dead(const struct nlmsghdr *head, size_t size,
			   unsigned int *msecs_r)
{
	size_t pos = NLMSG_LENGTH(sizeof(struct inet_diag_msg));
	const struct nlattr *attr;

	if (size < pos || head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    head->nlmsg_len > size)
		return FALSE;
	while (pos + NLA_HDRLEN <= head->nlmsg_len) {
		attr = CONST_PTR_OFFSET(head, pos);
		if (attr->nla_len < NLA_HDRLEN ||
		    pos + attr->nla_len > head->nlmsg_len)
			break;
		if (attr->nla_type == INET_DIAG_INFO)
			return info_is_dead(attr, msecs_r);
		pos += NLA_ALIGN(attr->nla_len);
	}
	return FALSE;
}

bool imap_lemonade_tcp_is_dead(const struct mail_user_connection_data *conn,
			       unsigned int *msecs_r)
{
	union {
		struct nlmsghdr head;
		char data[ANSWER_MAX];
	} answer;
	struct question q;
	ssize_t ret;

	if (conn->local_ip == NULL || conn->remote_ip == NULL ||
	    conn->local_ip->family == 0 ||
	    conn->local_ip->family != conn->remote_ip->family)
		return FALSE;
	question_init(&q, conn);
	ret = ask(&q, &answer, sizeof(answer));
	return ret > 0 && answer_is_dead(&answer.head, ret, msecs_r);
}

#else

bool
imap_lemonade_tcp_is_dead(const struct mail_user_connection_data *conn
			  ATTR_UNUSED, unsigned int *msecs_r ATTR_UNUSED)
{
	return FALSE;
}

#endif
