package release_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/internal/contract/release"
	"github.com/orderflow/orderflow/internal/strictjson"
	"github.com/orderflow/orderflow/schemas"
)

// The worked example: OrderRecorded gets a second major version, in testdata/majors, in which amount and
// currency become one value. Nothing of it is deployed.

const typeV2 events.Type = "com.orderflow.OrderRecorded.v2"

// The example's folder, and a document in it.
const (
	majors  = "testdata/majors"
	minimal = "examples/OrderRecorded.v2/valid/minimal.json"
)

var second = release.Version{Name: "OrderRecorded", Major: 2, Minor: 0}

// withSecondMajor is schemas/ with the new version beside the old one, and the catalog with its entry.
func withSecondMajor(t *testing.T) (fstest.MapFS, []release.Version) {
	t.Helper()
	files := copied(t)
	added := os.DirFS(majors)
	for _, pattern := range []string{"*.v2.json", "examples/*/*/*.json"} {
		found, err := fs.Glob(added, pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("got %v %v for %s", found, err, pattern)
		}
		for _, file := range found {
			files[file] = &fstest.MapFile{Data: text(t, file)}
		}
	}
	return files, append(catalog(), second)
}

func text(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(majors + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// totalV2 is the data of the second major version, as a consumer needs it.
type totalV2 struct {
	OrderID events.OrderID `json:"order_id"`
	Total   struct {
		Amount   int64           `json:"amount"` // minor units
		Currency events.Currency `json:"currency"`
	} `json:"total"`
	RecordedAt time.Time `json:"recorded_at"`
}

// owed is what the consumer wants to know, whichever version tells it.
type owed struct {
	OrderID  events.OrderID
	Amount   int64 // minor units
	Currency events.Currency
}

// consume is a consumer that takes both major versions, and refuses all others.
func consume(raw []byte) (owed, error) {
	var e event.Event
	if err := e.UnmarshalJSON(raw); err != nil {
		return owed{}, err
	}
	switch events.Type(e.Type()) {
	case events.TypeOrderRecorded:
		d, err := events.As[events.OrderRecorded](e)
		return owed{d.OrderID, d.Amount, d.Currency}, err
	case typeV2:
		var d totalV2
		err := strictjson.Decode(e.Data(), &d, strictjson.Ignore)
		return owed{d.OrderID, d.Total.Amount, d.Total.Currency}, err
	default:
		return owed{}, fmt.Errorf("%s: %w", e.Type(), events.ErrUnknownType)
	}
}

// published returns an event of OrderRecorded as it is on the bus, under a type and with data.
func published(t *testing.T, typ events.Type, data []byte) []byte {
	t.Helper()
	e := eventstest.Example[events.OrderRecorded](t, "minimal")
	e.SetType(string(typ))
	e.SetDataSchema(second.ID())
	e.DataEncoded = data
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func bothMajors(t *testing.T) map[events.Type][]byte {
	t.Helper()
	first, err := events.Encode(eventstest.Example[events.OrderRecorded](t, "minimal"))
	if err != nil {
		t.Fatal(err)
	}
	return map[events.Type][]byte{events.TypeOrderRecorded: first, typeV2: published(t, typeV2, text(t, minimal))}
}

func TestASecondMajorBesideTheFirstIsInOrder(t *testing.T) {
	files, versions := withSecondMajor(t)
	wantFound(t, release.Check(files, versions))
}

func TestASecondMajorNeedsTheFirstAndItsEntry(t *testing.T) {
	files, versions := withSecondMajor(t)
	delete(files, "OrderRecorded.v1.json")
	wantFound(t, release.Check(files, slices.DeleteFunc(versions, func(v release.Version) bool { return v.Name == "OrderRecorded" })),
		[]string{"schemas/OrderRecorded.v1.json: is gone, and its version was released"},
		[]string{"schemas/OrderRecorded.v2.json: major version 1 is not there beside it"},
		[]string{"schemas/OrderRecorded.v2.json: no type in events/catalog.go has this schema"})
}

// What the second major version does would break the first, on both sides.
func TestASecondMajorIsWhatTheChangeAskedFor(t *testing.T) {
	files, _ := withSecondMajor(t)
	lib := release.Library(files, false)
	parse := func(file string) compat.Schema {
		s, err := compat.Parse(files[file].Data, lib)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	changes := release.Compare("OrderRecorded", parse("OrderRecorded.v1.json"), parse("OrderRecorded.v2.json"))
	verdict := compat.Worst(changes)
	if verdict != compat.Breaking {
		t.Errorf("got %s by %v, want breaking", verdict, changes)
	}
	first := release.Version{Name: "OrderRecorded", Major: 1, Minor: 0}
	if release.Allowed(first, first.NextMinor(), verdict) || !release.Allowed(first, first.NextMajor(), verdict) {
		t.Error("want it allowed by a new major version alone")
	}
}

func TestOneConsumerReadsBothMajors(t *testing.T) {
	raw := bothMajors(t)
	first, err := consume(raw[events.TypeOrderRecorded])
	want := eventstest.Data[events.OrderRecorded](t, "minimal")
	if err != nil || first != (owed{want.OrderID, want.Amount, want.Currency}) {
		t.Errorf("got %+v %v of the first", first, err)
	}
	got, err := consume(raw[typeV2])
	if err != nil || got != (owed{"order-1", 1999, "EUR"}) {
		t.Errorf("got %+v %v of the second", got, err)
	}
	if _, err := consume(published(t, "com.orderflow.OrderRecorded.v3", text(t, minimal))); !errors.Is(err, events.ErrUnknownType) {
		t.Errorf("got %v of a third, want ErrUnknownType", err)
	}
}

// A consumer that was never told of the second major version refuses it, rather than take it for the first.
func TestAConsumerOfTheFirstMajorRefusesTheSecond(t *testing.T) {
	if _, err := events.Parse(published(t, typeV2, text(t, minimal))); !errors.Is(err, events.ErrUnknownType) {
		t.Errorf("got %v, want ErrUnknownType", err)
	}
}

func TestOneRuleMatchesBothMajors(t *testing.T) {
	var pattern struct {
		Source     []events.Source `json:"source"`
		DetailType []events.Type   `json:"detail-type"`
	}
	if err := json.Unmarshal(text(t, "rule.json"), &pattern); err != nil {
		t.Fatal(err)
	}
	entries := bothMajors(t)
	entries["com.orderflow.OrderRecorded.v3"] = published(t, "com.orderflow.OrderRecorded.v3", text(t, minimal))
	for typ, raw := range entries {
		var e event.Event
		if err := e.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		// EventBridge's source and detail-type are the event's source and type.
		got := slices.Contains(pattern.Source, events.Source(e.Source())) && slices.Contains(pattern.DetailType, events.Type(e.Type()))
		if want := !strings.HasSuffix(string(typ), ".v3"); got != want {
			t.Errorf("%s: got matched %v, want %v", typ, got, want)
		}
	}
}

func TestEachMajorTakesItsOwnExamplesAlone(t *testing.T) {
	files, _ := withSecondMajor(t)
	texts := map[string][]byte{}
	for file, f := range files {
		if !strings.Contains(file, "/") {
			texts[strings.TrimSuffix(file, ".json")] = f.Data
		}
	}
	v, err := contract.Compile(texts)
	if err != nil {
		t.Fatal(err)
	}
	first := schemas.Examples("OrderRecorded.v1", schemas.Valid)[0].Text
	for _, row := range []struct {
		schema   string
		document []byte
		valid    bool
	}{
		{"OrderRecorded.v1", first, true},
		{"OrderRecorded.v2", first, false},
		{"OrderRecorded.v1", text(t, minimal), false},
		{"OrderRecorded.v2", text(t, minimal), true},
		{"OrderRecorded.v2", text(t, "examples/OrderRecorded.v2/invalid/required-total.json"), false},
	} {
		findings, err := v.Validate(row.schema, row.document)
		if err != nil || (len(findings) == 0) != row.valid {
			t.Errorf("%s on %s: got %v %v, want valid %v", row.schema, row.document, findings, err, row.valid)
		}
	}
}
