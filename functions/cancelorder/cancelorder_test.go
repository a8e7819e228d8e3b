package cancelorder_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
)

// Every status has a row, whoever asks; those who may not see the order get one answer for all of them.
func TestAnswerGoesByStatusAndCaller(t *testing.T) {
	const (
		refused = `"type":"urn:orderflow:problem:not-cancellable"`
		missing = `"type":"urn:orderflow:problem:not-found"`
	)
	type row struct {
		code      int
		body      string
		published int
	}
	rows := map[order.Status]row{
		order.Recorded:       {http.StatusAccepted, `{"order_id":"o-1","status":"RECORDED","version":1,"cancellation":"requested"}`, 1},
		order.Paid:           {http.StatusAccepted, `{"order_id":"o-1","status":"PAID","version":2,"cancellation":"requested"}`, 1},
		order.Cancelling:     {http.StatusAccepted, `{"order_id":"o-1","status":"CANCELLING","version":2,"cancellation":"under_way"}`, 0},
		order.Cancelled:      {http.StatusOK, `{"order_id":"o-1","status":"CANCELLED","version":3,"cancellation":"done"}`, 0},
		order.Refunded:       {http.StatusOK, `{"order_id":"o-1","status":"REFUNDED","version":4,"cancellation":"done"}`, 0},
		order.Rejected:       {http.StatusConflict, refused, 0},
		order.NeedsAttention: {http.StatusConflict, refused, 0},
	}
	for _, s := range order.Statuses() {
		want, ok := rows[s]
		if !ok {
			t.Errorf("no row for %s", s)
		}
		for name, caller := range callers() {
			t.Run(string(s)+" for "+name, func(t *testing.T) {
				w := newWorld(t)
				w.put(inStatus(s))
				rec := w.cancel(t.Context(), &caller, "o-1")
				want := want
				if !caller.MaySee(inStatus(s)) {
					want = row{http.StatusNotFound, missing, 0}
				}
				if rec.Code != want.code || !strings.Contains(rec.Body.String(), want.body) {
					t.Errorf("got %d %s, want %d %s", rec.Code, rec.Body, want.code, want.body)
				}
				if len(w.published) != want.published {
					t.Errorf("published %d events, want %d", len(w.published), want.published)
				}
				location := map[bool]string{true: "/orders/o-1"}[want.code < http.StatusBadRequest]
				if got := rec.Header().Get("Location"); got != location {
					t.Errorf("got Location %q, want %q", got, location)
				}
			})
		}
	}
}

func TestRefusalSaysWhereTheOrderStands(t *testing.T) {
	for s, part := range map[order.Status]string{
		order.Rejected: "nothing was charged", order.NeedsAttention: "look at its payment",
	} {
		w := newWorld(t)
		w.put(inStatus(s))
		rec := w.cancel(t.Context(), &shop, "o-1")
		p := problemIn(t, rec)
		if rec.Code != http.StatusConflict || p.Type != problem.NotCancellable || !strings.Contains(p.Detail, string(s)) || !strings.Contains(p.Detail, part) {
			t.Errorf("%s: got %d %s, want 409 that names the status and says %q", s, rec.Code, rec.Body, part)
		}
	}
}

func TestRequestSaysWhoAsksAndWhatTheySaw(t *testing.T) {
	validator, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	for asker, row := range map[order.Asker]struct {
		caller httpapi.Caller
		reason order.Reason
	}{
		order.AskedByCustomer: {owner, order.RequestedByCustomer},
		order.AskedByShop:     {shop, order.RequestedByShop},
	} {
		w := newWorld(t)
		w.put(inStatus(order.Paid))
		w.cancel(t.Context(), &row.caller, "o-1", "Traceparent", trace)
		e := w.only()
		got, err := events.As[events.OrderCancelRequested](e)
		if err != nil {
			t.Fatal(err)
		}
		want := events.OrderCancelRequested{OrderID: "o-1", Reason: row.reason, RequestedBy: asker, SeenVersion: 2}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("data (-want +got):\n%s", diff)
		}
		if !e.Time().Equal(asked.Truncate(time.Millisecond)) || events.TraceParent(e) != trace || events.CausationID(e) != "" {
			t.Errorf("got time %s, trace %q, cause %q", e.Time(), events.TraceParent(e), events.CausationID(e))
		}
		if findings, err := validator.Validate(events.TypeOrderCancelRequested.Schema(), e.Data()); err != nil || len(findings) > 0 {
			t.Errorf("the schema refuses %s: %v, %v", e.Data(), findings, err)
		}
	}
}

func TestTraceContextThatIsNotValidIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Paid))
	w.cancel(t.Context(), &owner, "o-1", "Traceparent", "00-x")
	if got := events.TraceParent(w.only()); got != "" {
		t.Errorf("got trace %q, want none", got)
	}
}

func TestAskingAgainIsTheSameRequestUntilTheOrderMovesOn(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Recorded))
	first := w.cancel(t.Context(), &owner, "o-1")
	again := w.cancel(t.Context(), &owner, "o-1")
	if again.Code != first.Code || again.Body.String() != first.Body.String() {
		t.Errorf("got %d %s again, want %d %s", again.Code, again.Body, first.Code, first.Body)
	}
	w.cancel(t.Context(), &shop, "o-1")
	w.put(inStatus(order.Paid))
	w.cancel(t.Context(), &owner, "o-1")
	if len(w.published) != 4 {
		t.Fatalf("published %d events, want 4", len(w.published))
	}
	if w.published[1].ID() != w.published[0].ID() {
		t.Error("the same request has two ids")
	}
	if w.published[2].ID() == w.published[0].ID() || w.published[3].ID() == w.published[0].ID() {
		t.Error("another asker, or another version, has the same id")
	}
}

// The table of transitions has to know what is asked here, or a 202 would be a lie.
func TestRequestCancelsTheOrderByTheTable(t *testing.T) {
	for _, s := range []order.Status{order.Recorded, order.Paid} {
		for _, caller := range []httpapi.Caller{shop, owner} {
			w := newWorld(t)
			w.put(inStatus(s))
			w.cancel(t.Context(), &caller, "o-1")
			e := w.only()
			d, err := events.As[events.OrderCancelRequested](e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := order.Apply(inStatus(s), order.Fact{Kind: order.CancelRequested, Cause: e.ID(), Reason: d.Reason, Asker: d.RequestedBy}, asked)
			if err != nil || got.Change.Status != order.Cancelling || got.Change.Reason != d.Reason {
				t.Errorf("%s by %s: got %+v, %v", s, caller.Kind, got, err)
			}
		}
	}
}

func TestRequestThatTheBusDoesNotTakeIsNotAccepted(t *testing.T) {
	for _, row := range []struct {
		promise string
		err     error
		code    int
		kind    problem.Type
		note    outcome.Code
		retry   bool
	}{
		{"one that may go through later is asked for again", outcome.Transient("publish_failed", errors.New("bus orders-42")), http.StatusServiceUnavailable, problem.Unavailable, "publish_failed", true},
		{"one of unknown cause too", errors.New("bus orders-42"), http.StatusServiceUnavailable, problem.Unavailable, "unavailable", true},
		{"one that never will is a mistake of ours", outcome.Permanent("event_refused", errors.New("bus orders-42")), http.StatusInternalServerError, problem.Internal, "event_refused", false},
	} {
		t.Run(row.promise, func(t *testing.T) {
			w := newWorld(t)
			w.put(inStatus(order.Paid))
			w.fail = row.err
			var note httpapi.Note
			rec := w.cancel(httpapi.WithNote(t.Context(), &note), &owner, "o-1")
			if rec.Code != row.code || problemIn(t, rec).Type != row.kind || (rec.Header().Get("Retry-After") != "") != row.retry {
				t.Errorf("got %d %v %s, want %d of type %s", rec.Code, rec.Header(), rec.Body, row.code, row.kind)
			}
			if want := (httpapi.Note{Order: "o-1", Code: row.note}); note != want {
				t.Errorf("got note %+v, want %+v", note, want)
			}
			if strings.Contains(rec.Body.String(), "orders-42") || rec.Header().Get("Location") != "" {
				t.Errorf("the answer quotes the error or leads on: %v %s", rec.Header(), rec.Body)
			}
		})
	}
}

// A row that breaks the schema's rules makes no event; nobody is told that it was asked for.
func TestRequestThatTheSchemaRefusesIsNotAccepted(t *testing.T) {
	w := newWorld(t)
	o := inStatus(order.Paid)
	o.Version = 0
	w.put(o)
	if rec := w.cancel(t.Context(), &owner, "o-1"); rec.Code != http.StatusInternalServerError || len(w.published) != 0 {
		t.Errorf("got %d %s and %d events, want 500 and none", rec.Code, rec.Body, len(w.published))
	}
}

func TestStoreThatFailsIsUnavailable(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Paid))
	w.storeFails = errors.New("table orders-42")
	rec := w.cancel(t.Context(), &owner, "o-1")
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || len(w.published) != 0 {
		t.Errorf("got %d %v %s and %d events, want 503 with Retry-After and none", rec.Code, rec.Header(), rec.Body, len(w.published))
	}
}

// Case: somebody reached another's order (dotnet/eShop#996, macrozheng/mall#994).
func TestAnothersOrderLooksLikeNone(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Paid))
	want := w.cancel(t.Context(), &owner, "none")
	if want.Code != http.StatusNotFound || problemIn(t, want).Type != problem.NotFound {
		t.Fatalf("got %d %s, want 404", want.Code, want.Body)
	}
	for name, row := range map[string]struct {
		caller httpapi.Caller
		id     string
	}{
		"another shop": {otherShop, "o-1"}, "another customer": {other, "o-1"}, "an id in another case": {owner, "O-1"},
		"a customer named like the shop": {httpapi.Caller{Kind: httpapi.Customer, ID: "shop-1", UserID: "shop-1"}, "o-1"},
		"a shop named like the customer": {httpapi.Caller{Kind: httpapi.Shop, ID: "u-1"}, "o-1"},
		"a space":                        {owner, "%20"}, "too long": {owner, strings.Repeat("o", 65)}, "a slash": {owner, "o%2F1"},
		"not ascii": {owner, "%C3%BC"}, "a zero": {owner, "%00"}, "a dot": {owner, "o.1"},
	} {
		rec := w.cancel(t.Context(), &row.caller, row.id)
		if rec.Code != want.Code || rec.Body.String() != want.Body.String() {
			t.Errorf("%s: got %d %s, want %d %s", name, rec.Code, rec.Body, want.Code, want.Body)
		}
		if diff := cmp.Diff(want.Header(), rec.Header()); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
	}
	if len(w.published) != 0 {
		t.Errorf("published %d events, want none", len(w.published))
	}
}

func TestTokenThatIsNeitherShopsNorCustomersIsForbidden(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Paid))
	for _, id := range []string{"o-1", "none", "%00"} {
		rec := w.cancel(context.Background(), nil, id)
		if rec.Code != http.StatusForbidden || problemIn(t, rec).Type != problem.Forbidden || len(w.published) != 0 {
			t.Errorf("%s: got %d %s and %d events, want 403 and none", id, rec.Code, rec.Body, len(w.published))
		}
	}
}

func TestBodyThatSaysSomethingIsRefused(t *testing.T) {
	for body, want := range map[string]struct {
		code int
		kind problem.Type
	}{
		"":                                      {http.StatusAccepted, ""},
		" \r\n":                                 {http.StatusAccepted, ""},
		"{}":                                    {http.StatusAccepted, ""},
		" { }\n":                                {http.StatusAccepted, ""},
		`{"items":[{"sku":"s"}]}`:               {http.StatusUnprocessableEntity, problem.UnexpectedBody},
		`{"Reason":"x"}`:                        {http.StatusUnprocessableEntity, problem.UnexpectedBody},
		"[]":                                    {http.StatusUnprocessableEntity, problem.UnexpectedBody},
		"null":                                  {http.StatusUnprocessableEntity, problem.UnexpectedBody},
		"{}{}":                                  {http.StatusBadRequest, problem.MalformedBody},
		"reason=x":                              {http.StatusBadRequest, problem.MalformedBody},
		"{":                                     {http.StatusBadRequest, problem.MalformedBody},
		"{" + strings.Repeat(" ", 64<<10) + "}": {http.StatusRequestEntityTooLarge, problem.BodyTooLarge},
	} {
		w := newWorld(t)
		w.put(inStatus(order.Paid))
		w.body = body
		rec := w.cancel(t.Context(), &owner, "o-1")
		if rec.Code != want.code {
			t.Errorf("%.30q: got %d %s, want %d", body, rec.Code, rec.Body, want.code)
			continue
		}
		if accepted := want.code == http.StatusAccepted; accepted != (len(w.published) == 1) {
			t.Errorf("%.30q: published %d events", body, len(w.published))
		}
		if want.kind != "" && problemIn(t, rec).Type != want.kind {
			t.Errorf("%.30q: got %s, want type %s", body, rec.Body, want.kind)
		}
	}
}

func TestMemberThatIsNotHeardIsNamed(t *testing.T) {
	w := newWorld(t)
	w.put(inStatus(order.Paid))
	w.body = `{"items":[]}`
	if rec := w.cancel(t.Context(), &owner, "o-1"); !strings.Contains(rec.Body.String(), `"pointer":"/items"`) {
		t.Errorf("got %s, want one that names /items", rec.Body)
	}
}

func TestLogLineNamesTheOrder(t *testing.T) {
	for id, want := range map[string]httpapi.Note{
		"o-1": {Order: "o-1"}, "o-2": {Order: "o-2", Code: "not-found"}, "%20x": {Code: "not-found"},
	} {
		w := newWorld(t)
		w.put(inStatus(order.Paid))
		var got httpapi.Note
		w.cancel(httpapi.WithNote(t.Context(), &got), &owner, id)
		if got != want {
			t.Errorf("%s: got note %+v, want %+v", id, got, want)
		}
	}
}

// FuzzPath holds that whatever a path says, only the order's own id reaches it, and nothing but an answer of ours comes back.
func FuzzPath(f *testing.F) {
	for _, id := range []string{"o-1", "O-1", "o-1/", "../o-1", "o-1\x00", "", " o-1", "ü", strings.Repeat("o", 64), "%6f-1"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		w := newWorld(t)
		w.put(inStatus(order.Paid))
		rec := w.serve(t.Context(), &owner, id)
		want, events := http.StatusNotFound, 0
		if id == "o-1" {
			want, events = http.StatusAccepted, 1
		}
		if rec.Code != want || len(w.published) != events {
			t.Errorf("%q: got %d and %d events, want %d and %d", id, rec.Code, len(w.published), want, events)
		}
		if want == http.StatusNotFound && (problemIn(t, rec).Type != problem.NotFound || w.read > 0 && !order.ID(id).Valid()) {
			t.Errorf("%q: got %s after %d reads", id, rec.Body, w.read)
		}
	})
}
