// Package cdnow reads the purchases of the CDNOW data set, the sample and the complete file, with dollars as integer cents.
package cdnow

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Purchase is one line of the data set.
type Purchase struct {
	Row      int       // 1 for the first purchase, whether or not a header stands before it
	Customer string    // the customer's number in the complete file, in both formats, such as "00004"
	Date     time.Time // midnight UTC
	Discs    int
	Cents    int64 // of a US dollar
}

// Error says what is wrong with a line.
type Error struct {
	Line   int // 1 is the first line of the file
	Detail string
}

func (e *Error) Error() string { return "line " + strconv.Itoa(e.Line) + ": " + e.Detail }

// Read returns the purchases in r, which may be compressed with gzip. After an
// error, an *[Error] where a line is wrong, there is no further purchase.
func Read(r io.Reader) iter.Seq2[Purchase, error] {
	return func(yield func(Purchase, error) bool) {
		plain, err := decompress(r)
		if err != nil {
			yield(Purchase{}, err)
			return
		}
		var row, line int
		lines := bufio.NewScanner(plain)
		for lines.Scan() {
			line++
			fields := strings.Fields(lines.Text())
			if len(fields) == 0 || line == 1 && fields[0] == "customer_id" {
				continue
			}
			row++
			p, detail := parse(fields)
			if detail != "" {
				yield(Purchase{}, &Error{line, detail})
				return
			}
			p.Row = row
			if !yield(p, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Purchase{}, fmt.Errorf("read line %d: %w", line+1, err))
		}
	}
}

// gzipMagic opens every gzip file (RFC 1952, section 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b}

func decompress(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(len(gzipMagic))
	if errors.Is(err, io.EOF) {
		return buffered, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if !bytes.Equal(head, gzipMagic) {
		return buffered, nil
	}
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return plain, nil
}

// parse reads the columns of a purchase: the complete file has four of them, the
// sample one more, its own number of the customer, in the second place.
func parse(fields []string) (p Purchase, detail string) {
	if len(fields) != 4 && len(fields) != 5 {
		return p, "must have 4 columns (complete file) or 5 (sample), has " + strconv.Itoa(len(fields))
	}
	p.Customer = fields[0]
	rest := fields[len(fields)-3:]
	if !isDigits(p.Customer) || len(p.Customer) > 9 {
		return p, "column 1, the customer, must be a number"
	}
	var err error
	if p.Date, err = time.Parse("20060102", rest[0]); err != nil {
		return p, "the date must be a day, written yyyymmdd"
	}
	if p.Discs, err = strconv.Atoi(rest[1]); err != nil || p.Discs < 1 {
		return p, "the number of discs must be 1 or more"
	}
	var ok bool
	if p.Cents, ok = Cents(rest[2]); !ok {
		return p, "the dollars must be digits, a point and two digits"
	}
	return p, ""
}

// Cents reads dollars such as "29.33", with exactly two decimals, without ever
// holding them in a float: int64(x * 100) is wrong for one line in twenty here.
func Cents(dollars string) (int64, bool) {
	whole, fraction, found := strings.Cut(dollars, ".")
	if !found || len(fraction) != 2 || len(whole) > 12 || !isDigits(whole) || !isDigits(fraction) {
		return 0, false
	}
	cents, err := strconv.ParseInt(whole+fraction, 10, 64)
	return cents, err == nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
