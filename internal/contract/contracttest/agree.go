// Package contracttest holds readers of documents against the schemas: it makes documents near a schema, and says which of them a reader must take.
package contracttest

import (
	"testing"

	"github.com/orderflow/orderflow/internal/contract"
)

// Judge knows what every reader must say of a document. It may be used by many goroutines at once.
type Judge struct {
	validator *contract.Validator
	shapes    map[string]*Shape
}

// NewJudge returns a judge of documents of the named schemas.
func NewJudge(t testing.TB, names ...string) *Judge {
	t.Helper()
	v, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	j := &Judge{validator: v, shapes: map[string]*Shape{}}
	for _, name := range names {
		if j.shapes[name], err = ShapeOf(name); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// Shape returns the shape of the named schema's documents.
func (j *Judge) Shape(schema string) *Shape { return j.shapes[schema] }

// Verdict is what the full validator and the rules of reading say of a document.
type Verdict struct {
	Findings []contract.Finding
	NotJSON  bool
	Broken   []Rule // rules of reading
}

// Accepts reports whether a reader must take the document. Any reader must refuse all others.
func (v Verdict) Accepts() bool { return len(v.Findings) == 0 && !v.NotJSON && len(v.Broken) == 0 }

// Verdict judges one document.
func (j *Judge) Verdict(t TB, schema string, document []byte) Verdict {
	t.Helper()
	shape, known := j.shapes[schema]
	if !known {
		t.Fatalf("the judge does not know schema %s", schema)
	}
	findings, err := j.validator.Validate(schema, document)
	return Verdict{Findings: findings, NotJSON: err != nil, Broken: Broken(shape, document)}
}

// TB is what the judge needs of a test: a *testing.T, *testing.F or *rapid.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Agree fails the test where a reader, which returned err for the document, does not do what it must. It returns whether the document is to be taken.
func (j *Judge) Agree(t TB, schema string, document []byte, err error) bool {
	t.Helper()
	v := j.Verdict(t, schema, document)
	switch {
	case err == nil && !v.Accepts():
		t.Errorf("%s: taken, although %+v:\n%.2000q", schema, v, document)
	case err != nil && v.Accepts():
		t.Errorf("%s: valid, but refused: %v\n%.2000q", schema, err, document)
	}
	return v.Accepts()
}
