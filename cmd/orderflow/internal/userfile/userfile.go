// Package userfile reads files of users, CSV or NDJSON, and says line by line what is wrong with them.
package userfile

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// Problem is one thing that is wrong with a file. It never quotes what stands there.
type Problem struct {
	Line  int    `json:"line"`
	Field string `json:"field,omitempty"` // empty: the line as a whole
	Cure  string `json:"detail"`          // what to do about it
}

func (p Problem) String() string {
	where := "line " + strconv.Itoa(p.Line)
	if p.Field != "" {
		where += ", " + p.Field
	}
	return where + ": " + p.Cure
}

// Row is a valid line.
type Row struct {
	Line int
	User user.User
}

// File is a file that was read to its end.
type File struct {
	Rows     []Row // those that are valid
	Problems []Problem
	Bad      int // lines that have a problem
}

// Rules say what a use of the file needs beyond what every user does.
type Rules struct {
	NeedEmail bool // since people sign in with it
}

// record is a line before it is checked.
type record struct {
	UserID        string `json:"user_id"`
	Status        string `json:"status"`
	Email         string `json:"email,omitempty"`
	Name          string `json:"name,omitempty"`
	Locale        string `json:"locale,omitempty"`
	Customer      string `json:"customer,omitempty"`
	PaymentMethod string `json:"payment_method,omitempty"`
}

// fields maps the columns to their places in r.
func (r *record) fields() map[string]*string {
	return map[string]*string{
		"user_id": &r.UserID, "status": &r.Status, "email": &r.Email, "name": &r.Name,
		"locale": &r.Locale, "customer": &r.Customer, "payment_method": &r.PaymentMethod,
	}
}

// utf8BOM is the mark that spreadsheets put before a CSV file.
var utf8BOM = []byte("\ufeff")

// Read reads a whole file: NDJSON where its first character is {, else CSV with a header line. The
// error is one of reading; what is wrong with the file stands in File.Problems.
func Read(r io.Reader, rules Rules) (File, error) {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(len(utf8BOM)); bytes.Equal(mark, utf8BOM) {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return File{}, fmt.Errorf("read users: %w", err)
		}
	}
	c := collector{rules: rules, lineOf: map[string]int{}}
	head, err := buffered.Peek(buffered.Size())
	head = bytes.TrimSpace(head)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case len(head) == 0:
		c.problem(1, "", "is empty: give a header line and one line for each user")
		err = nil
	case head[0] == '{':
		err = readNDJSON(buffered, &c)
	default:
		err = readCSV(buffered, &c)
	}
	if err != nil {
		return File{}, fmt.Errorf("read users: %w", err)
	}
	return c.file, nil
}

// collector gathers rows and problems.
type collector struct {
	rules  Rules
	file   File
	lineOf map[string]int // of a user id
}

func (c *collector) problem(line int, field, cure string) {
	if n := len(c.file.Problems); n == 0 || c.file.Problems[n-1].Line != line {
		c.file.Bad++
	}
	c.file.Problems = append(c.file.Problems, Problem{line, field, cure})
}

// add checks a line's record, and takes it where nothing is wrong.
func (c *collector) add(line int, r record) {
	before := len(c.file.Problems)
	require := func(ok bool, field, cure string) {
		if !ok {
			c.problem(line, field, cure)
		}
	}
	id := order.UserID(r.UserID)
	require(id.Valid(), "user_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
	if earlier := c.lineOf[r.UserID]; earlier > 0 {
		require(false, "user_id", "stands on line "+strconv.Itoa(earlier)+" too: leave one of them out")
	}
	c.lineOf[r.UserID] = cmp.Or(c.lineOf[r.UserID], line)
	status := user.Status(r.Status)
	require(status == user.Active || status == user.Blocked, "status", "must be ACTIVE or BLOCKED")
	require(r.Email != "" || !c.rules.NeedEmail, "email", "is needed to sign in")
	require(r.Email == "" || isAddress(r.Email), "email", "must be one e-mail address and nothing else, at most 254 characters")
	require(isText(r.Name, maxName), "name", "must be at most 200 characters, all printable")
	require(r.Locale == "" || localePattern.MatchString(r.Locale), "locale", "must be a language tag such as en or zh-CN")
	require(r.Customer == "" || providerID.MatchString(r.Customer), "customer", "must be the provider's id: 1 to 255 characters of A-Z, a-z, 0-9 and _")
	require(r.PaymentMethod == "" || providerID.MatchString(r.PaymentMethod), "payment_method", "must be the provider's id: 1 to 255 characters of A-Z, a-z, 0-9 and _")
	require(r.PaymentMethod == "" || r.Customer != "", "customer", "is needed where there is a payment_method")
	if len(c.file.Problems) > before {
		return
	}
	c.file.Rows = append(c.file.Rows, Row{line, user.User{
		ID: id, Status: status, Email: r.Email, Name: r.Name, Locale: r.Locale, Customer: r.Customer, PaymentMethod: r.PaymentMethod,
	}})
}

const (
	maxName  = 200
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
)

var (
	providerID    = regexp.MustCompile(`^[A-Za-z0-9_]{1,255}$`)
	localePattern = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)
)

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && len(s) <= maxEmail && isText(s, maxEmail)
}

func isText(s string, most int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
