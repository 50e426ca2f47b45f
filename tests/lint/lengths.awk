# Files and functions: how long they may be (bodies between { and } in column 1)
FNR == 1 { check_file(); name = FILENAME; start = 0 }
{ lines = FNR }
/^\{/ { start = FNR }
/^\}/ && start > 0 {
	if (FNR - start + 1 > 100)
		printf "%s:%d: function of %d lines\n", FILENAME, start,
			FNR - start + 1
	start = 0
}
END { check_file() }
function check_file(    limit)
{
	if (name == "")
		return
	limit = name ~ /-plugin\.c$/ ? 120 : 800
	if (lines > limit)
		printf "%s: %d lines, at most %d\n", name, lines, limit
}
