package events_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/schemas"
)

func judge(t testing.TB) *contracttest.Judge {
	t.Helper()
	var names []string
	for _, entry := range events.Catalog() {
		names = append(names, entry.Type.Schema())
	}
	return contracttest.NewJudge(t, names...)
}

// agree holds DataOf, and the producer behind it, against the schema: whatever decodes is valid, whatever
// is valid decodes unless it breaks a rule of reading, and is then stated and read back as the same data.
func agree(t contracttest.TB, j *contracttest.Judge, entry events.Entry, text []byte) {
	t.Helper()
	d, err := events.DataOf(with(entry, text))
	if j.Agree(t, entry.Type.Schema(), text, err) && err == nil {
		roundTrip(t, j, d)
	}
}

func TestDataAtEveryEdgeOfTheSchemaIsTakenWhereTheSchemaTakesIt(t *testing.T) {
	j := judge(t)
	for _, entry := range events.Catalog() {
		t.Run(entry.Type.Name(), func(t *testing.T) {
			for _, text := range contracttest.Edges(j.Shape(entry.Type.Schema())) {
				agree(t, j, entry, []byte(text))
			}
		})
	}
}

func TestDataNearTheSchemaIsTakenWhereTheSchemaTakesIt(t *testing.T) {
	j := judge(t)
	for _, entry := range events.Catalog() {
		t.Run(entry.Type.Name(), func(t *testing.T) {
			documents := contracttest.Near(j.Shape(entry.Type.Schema()))
			rapid.Check(t, func(t *rapid.T) {
				for range 2 {
					agree(t, j, entry, []byte(documents.Draw(t, "document")))
				}
			})
		})
	}
}

// FuzzDataNearTheSchema lets the fuzzer steer what the generator of the test above draws.
func FuzzDataNearTheSchema(f *testing.F) {
	j := judge(f)
	for _, seed := range contracttest.Seeds() {
		f.Add(seed)
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		entry := rapid.SampledFrom(events.Catalog()).Draw(t, "type")
		agree(t, j, entry, []byte(contracttest.Near(j.Shape(entry.Type.Schema())).Draw(t, "document")))
	}))
}

// FuzzDataAgreesWithTheSchema begins at the examples.
func FuzzDataAgreesWithTheSchema(f *testing.F) {
	entries := events.Catalog()
	for i, entry := range entries {
		for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid, schemas.Unreadable} {
			for _, ex := range schemas.Examples(entry.Type.Schema(), kind) {
				if len(ex.Text) < 4<<10 { // four hundred lines only slow the fuzzer down
					f.Add(uint8(i), ex.Text)
				}
			}
		}
	}
	j := judge(f)
	f.Fuzz(func(t *testing.T, i uint8, text []byte) {
		agree(t, j, entries[int(i)%len(entries)], text)
	})
}
