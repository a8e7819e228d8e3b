// Package item says how orders, users, payments rows and the ledger of mails stand in DynamoDB items.
//
// A store of any kind that keeps these items loses exactly what DynamoDB would
// lose: times below the millisecond, time zones, the difference between no lines
// and an empty list of lines. Beside the translation there is what the stores
// must agree on: cursors, shards, and what a refused write means.
package item

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/order"
)

// Map is a DynamoDB item, or a map inside one.
type Map = map[string]types.AttributeValue

// ErrBroken means that an attribute is missing or is not what it must be. The
// error around it names the attribute, never its value.
var ErrBroken = errors.New("is missing or broken")

// Text returns s as a string attribute.
func Text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// Number returns n as a number attribute.
func Number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// Time returns t as a string attribute in [order.TimeLayout], so that attributes compare as the times do.
func Time(t time.Time) types.AttributeValue { return Text(t.UTC().Format(order.TimeLayout)) }

// setText adds a string attribute where s is not empty.
func setText(m Map, name, s string) {
	if s != "" {
		m[name] = Text(s)
	}
}

// reader takes attributes out of an item and keeps the first error.
type reader struct {
	m    Map
	path string // of m inside its item, with a dot at the end
	err  error
}

func (r *reader) breaks(name string) {
	if r.err == nil {
		r.err = fmt.Errorf("attribute %s%s %w", r.path, name, ErrBroken)
	}
}

// optional returns a string, empty where there is none.
func (r *reader) optional(name string) string {
	if _, ok := r.m[name]; !ok {
		return ""
	}
	return r.text(name)
}

func (r *reader) text(name string) string {
	s, ok := r.m[name].(*types.AttributeValueMemberS)
	if !ok {
		r.breaks(name)
		return ""
	}
	return s.Value
}

func (r *reader) number(name string) int64 {
	n, ok := r.m[name].(*types.AttributeValueMemberN)
	if !ok {
		r.breaks(name)
		return 0
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		r.breaks(name)
	}
	return i
}

func (r *reader) boolean(name string) bool {
	b, ok := r.m[name].(*types.AttributeValueMemberBOOL)
	if !ok {
		r.breaks(name)
		return false
	}
	return b.Value
}

func (r *reader) time(name string) time.Time {
	s := r.text(name)
	t, err := time.Parse(order.TimeLayout, s)
	if err != nil {
		r.breaks(name)
	}
	return t
}

// check notes that an attribute's content is wrong.
func (r *reader) check(ok bool, name string) {
	if !ok {
		r.breaks(name)
	}
}

// list returns a reader for each map in a list, none where there is no list.
func (r *reader) list(name string) []*reader {
	v, there := r.m[name]
	if !there {
		return nil
	}
	l, ok := v.(*types.AttributeValueMemberL)
	if !ok {
		r.breaks(name)
		return nil
	}
	readers := make([]*reader, len(l.Value))
	for i, v := range l.Value {
		at := name + "[" + strconv.Itoa(i) + "]"
		m, ok := v.(*types.AttributeValueMemberM)
		if !ok {
			r.breaks(at)
			return nil
		}
		readers[i] = &reader{m: m.Value, path: r.path + at + "."}
	}
	return readers
}

// take makes the first error of a reader from list r's own.
func (r *reader) take(inner *reader) {
	if r.err == nil {
		r.err = inner.err
	}
}

// inner returns a reader for a map, nil where there is none.
func (r *reader) inner(name string) *reader {
	v, there := r.m[name]
	if !there {
		return nil
	}
	m, ok := v.(*types.AttributeValueMemberM)
	if !ok {
		r.breaks(name)
		return nil
	}
	return &reader{m: m.Value, path: r.path + name + "."}
}
