# rfc-map.awk ROWS MAP TEST-FILE...: each row of the map that names a
# requirement names tests that exist; each row that is claimed stands there.
function tests_of(line, list,    n)
{
	n = 0
	while (match(line, /test_[A-Za-z0-9_]+/)) {
		list[++n] = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
	}
	return n
}
FILENAME == ARGV[1] {
	if ($1 !~ /^#/ && $2 == "now")
		claimed[$1] = 1
	next
}
FILENAME == ARGV[2] {
	if ($0 ~ /^\| *[A-Z][A-Z0-9]+-[0-9]+/) {
		split($0, cell, "|")
		row = cell[2]
		gsub(/ /, "", row)
		named[row] = 1
		count = tests_of($0, list)
		for (i = 1; i <= count; i++)
			wanted[list[i]] = row
		if (count == 0 && row in claimed)
			print ARGV[2] ": " row " names no test"
	}
	next
}
{
	count = tests_of($0, list)
	for (i = 1; i <= count; i++)
		exists[list[i]] = 1
}
END {
	for (row in claimed)
		if (!(row in named))
			print ARGV[2] ": " row " is missing"
	for (name in wanted)
		if (!(name in exists))
			print ARGV[2] ": " wanted[name] ": there is no " name
}
