# "FILE:LINE:CODE" of C without what stands in comments and strings
FNR == 1 { comment = 0 }
{
	rest = $0
	code = ""
	while (rest != "") {
		if (comment) {
			end = index(rest, "*/")
			if (end == 0)
				break
			rest = substr(rest, end + 2)
			comment = 0
		} else if (match(rest, /^"([^"\\]|\\.)*"/)) {
			code = code "\"\""
			rest = substr(rest, RLENGTH + 1)
		} else if (match(rest, /^'([^'\\]|\\.)+'/)) {
			code = code "' '"
			rest = substr(rest, RLENGTH + 1)
		} else if (substr(rest, 1, 2) == "/*") {
			comment = 1
			rest = substr(rest, 3)
		} else {
			# up to what may begin one of these
			length_ = match(rest, /.["'\/]/) ? RSTART : length(rest)
			code = code substr(rest, 1, length_)
			rest = substr(rest, length_ + 1)
		}
	}
	print FILENAME ":" FNR ":" code
}
