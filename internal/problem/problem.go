// Package problem writes the API's errors as problem details (RFC 9457), with types that stay the same for as long as the API does.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/internal/strictjson"
)

// ContentType is the media type of every error's body (RFC 9457, section 3).
const ContentType = "application/problem+json"

// Bounds of the list of errors, so that a body full of mistakes does not get a larger answer.
const (
	maxErrors  = 32
	maxPointer = 256 // bytes
)

// Problem is an answer that says what is wrong. Make one with [New].
type Problem struct {
	Type   Type
	Detail string                 // a sentence for the caller; nothing of another caller's
	Errors []strictjson.Violation // what is wrong with the body, where that is the problem
}

// New returns a problem of type t.
func New(t Type, detail string) Problem { return Problem{Type: t, Detail: detail} }

// With returns p with the violations as its errors. Of more than 32 the rest is left off, and the last entry says so.
func (p Problem) With(violations []strictjson.Violation) Problem {
	p.Errors = make([]strictjson.Violation, 0, min(len(violations), maxErrors))
	for i, v := range violations {
		if i == maxErrors-1 && len(violations) > maxErrors {
			more := strictjson.Violation{Detail: "and " + strconv.Itoa(len(violations)-i) + " more"}
			p.Errors = append(p.Errors, more)
			break
		}
		p.Errors = append(p.Errors, strictjson.Violation{Pointer: shorten(v.Pointer), Detail: v.Detail})
	}
	return p
}

// shorten returns pointer, or the longest pointer to what it lies in that is within bounds.
func shorten(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return pointer[:max(0, strings.LastIndexByte(pointer[:maxPointer+1], '/'))]
}

// document is a problem as RFC 9457 writes it.
type document struct {
	Type   Type                   `json:"type"`
	Title  string                 `json:"title"`
	Status int                    `json:"status"`
	Detail string                 `json:"detail"`
	Errors []strictjson.Violation `json:"errors,omitempty"`
}

// Write answers with p. Headers that w already has stay, but for those that say what the body is and that it may not be kept.
func Write(w http.ResponseWriter, p Problem) {
	kind := p.Type.kind()
	body, err := json.Marshal(document{kind.Type, kind.Title, kind.Status, p.Detail, p.Errors})
	if err != nil {
		panic(err) // strings and integers always have a JSON form
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(kind.Status)
	_, _ = w.Write(body) // a client that has gone cannot be told
}
