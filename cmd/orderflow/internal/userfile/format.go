package userfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/internal/strictjson"
)

func columns() string {
	return strings.Join(slices.Sorted(maps.Keys(new(record).fields())), ", ")
}

// readCSV reads RFC 4180 with a header line.
func readCSV(r io.Reader, c *collector) error {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1 // told line by line below
	header, err := rows.Read()
	if err != nil {
		return malformed(err, c)
	}
	if !checkHeader(header, c) {
		return nil
	}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if err := malformed(err, c); err != nil {
				return err
			}
			continue
		}
		line, _ := rows.FieldPos(0)
		if len(cells) != len(header) {
			c.problem(line, "", "must have as many fields as the header")
			continue
		}
		var rec record
		fields := rec.fields()
		for i, name := range header {
			*fields[name] = cells[i]
		}
		c.add(line, rec)
	}
}

// malformed notes an error of CSV's grammar. Another one comes back.
func malformed(err error, c *collector) error {
	e, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	c.problem(e.StartLine, "", "is not CSV: put a field with a comma, a quote or a line break in double quotes, and double each quote in it")
	return nil
}

// checkHeader trims the names in header and reports whether the lines below can be read by it.
func checkHeader(header []string, c *collector) bool {
	known := new(record).fields()
	before := len(c.file.Problems)
	seen := map[string]bool{}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
		name := header[i]
		switch {
		case known[name] == nil:
			c.problem(1, "", "names a column that users do not have; they have "+columns())
		case seen[name]:
			c.problem(1, name, "stands twice in the header")
		}
		seen[name] = true
	}
	for _, name := range []string{"user_id", "status"} {
		if !seen[name] {
			c.problem(1, name, "is missing: the first line must name the columns, this one among them")
		}
	}
	return len(c.file.Problems) == before
}

// maxLine is the longest line of NDJSON, in bytes: many times what a user needs.
const maxLine = 64 << 10

// readNDJSON reads one JSON object a line; blank lines are passed over.
func readNDJSON(r io.Reader, c *collector) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for line := 1; lines.Scan(); line++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		var rec record
		if e, bad := errors.AsType[*strictjson.Error](strictjson.Decode(text, &rec, strictjson.Refuse)); bad {
			for _, v := range e.Violations {
				c.problem(line, strings.TrimPrefix(v.Pointer, "/"), v.Detail)
			}
			continue
		}
		c.add(line, rec)
	}
	return lines.Err()
}
