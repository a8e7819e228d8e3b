package recordorder_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/schemas"
)

func TestWhatTheSchemaAcceptsIsAnOrder(t *testing.T) {
	examples := schemas.Examples(schemas.PlaceOrder, schemas.Valid)
	if len(examples) < 5 {
		t.Fatalf("got %d valid examples, want at least 5", len(examples))
	}
	for _, ex := range examples {
		if _, err := recordorder.Decode(ex.Text); err != nil {
			t.Errorf("%s: %v", ex.Name, err)
		}
	}
}

func TestWhatTheSchemaRefusesIsNoOrder(t *testing.T) {
	examples := schemas.Examples(schemas.PlaceOrder, schemas.Invalid)
	if len(examples) < 20 {
		t.Fatalf("got %d invalid examples, want at least 20", len(examples))
	}
	for _, ex := range examples {
		if got, err := recordorder.Decode(ex.Text); err == nil {
			t.Errorf("%s: got %+v, want an error", ex.Name, got)
		}
	}
}

// agree holds Decode against the full validator and the rules of reading.
func agree(t contracttest.TB, j *contracttest.Judge, text []byte) (accepted bool) {
	t.Helper()
	_, err := recordorder.Decode(text)
	return j.Agree(t, schemas.PlaceOrder, text, err)
}

func TestBodiesAtEveryEdgeOfTheSchemaAreTakenWhereTheSchemaTakesThem(t *testing.T) {
	j := contracttest.NewJudge(t, schemas.PlaceOrder)
	for _, text := range contracttest.Edges(j.Shape(schemas.PlaceOrder)) {
		agree(t, j, []byte(text))
	}
}

func TestBodiesNearTheSchemaAreTakenWhereTheSchemaTakesThem(t *testing.T) {
	j := contracttest.NewJudge(t, schemas.PlaceOrder)
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			if agree(t, j, []byte(contracttest.Near(j.Shape(schemas.PlaceOrder)).Draw(t, "body"))) {
				accepted++
			} else {
				refused++
			}
		}
	})
	if accepted < 50 || refused < 50 {
		t.Errorf("got %d accepted and %d refused, want at least 50 of each", accepted, refused)
	}
}

// FuzzBodyNearTheSchema lets the fuzzer steer what the generator of the test above draws.
func FuzzBodyNearTheSchema(f *testing.F) {
	j := contracttest.NewJudge(f, schemas.PlaceOrder)
	for _, seed := range contracttest.Seeds() {
		f.Add(seed)
	}
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		agree(t, j, []byte(contracttest.Near(j.Shape(schemas.PlaceOrder)).Draw(t, "body")))
	}))
}

// FuzzDecodeAgreesWithTheSchema begins at the examples. That the items add up is not Decode's to say, see [recordorder.PlaceOrder.AddsUp].
func FuzzDecodeAgreesWithTheSchema(f *testing.F) {
	for _, schema := range []string{schemas.PlaceOrder, "OrderRecorded.v1"} {
		for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid, schemas.Unreadable} {
			for _, ex := range schemas.Examples(schema, kind) {
				if len(ex.Text) < 4<<10 { // four hundred lines only slow the fuzzer down
					f.Add(ex.Text)
				}
			}
		}
	}
	j := contracttest.NewJudge(f, schemas.PlaceOrder)
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, j, text) })
}
