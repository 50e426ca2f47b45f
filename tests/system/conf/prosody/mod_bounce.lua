-- Messages to type.condition@bounce.test come back with that error, as an
-- overloaded server or a full mailbox would send it.
local st = require "util.stanza";
local jid_node = require "util.jid".node;

module:hook("message/bare", function (event)
	local type, condition =
		jid_node(event.stanza.attr.to):match("^(%a+)%.([%a-]+)");
	if event.stanza.attr.type ~= "error" then
		event.origin.send(st.error_reply(event.stanza, type,
						 condition));
	end
	return true;
end);
