package payment_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
)

var (
	opened = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later  = opened.Add(time.Minute)
	params = payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_1"}
)

// row returns a row in a status, as it would have come about.
func row(s order.PaymentStatus) payment.Row {
	r := payment.Open("o1", "pi_1", params, opened)
	if s != order.PaymentOpen {
		r.Status, r.Revision = s, 2
	}
	return r
}

func intent(s payment.IntentStatus) payment.Intent {
	return payment.Intent{ID: "pi_1", Status: s, Amount: 1999, Currency: "EUR"}
}

func declined(i payment.Intent, r order.Reason) payment.Intent {
	i.Declined = r
	return i
}

// Case: a cancelled intent was taken for a declined card (akash console#3760, woocommerce#4758).
func TestRowFollowsItsIntent(t *testing.T) {
	type want struct {
		step   payment.Step
		status order.PaymentStatus
		reason order.Reason
	}
	for _, c := range []struct {
		row    order.PaymentStatus
		intent payment.Intent
		want   want
	}{
		{order.PaymentOpen, intent(payment.RequiresConfirmation), want{step: payment.StepConfirm}},
		{order.PaymentOpen, intent(payment.Succeeded), want{payment.StepSave, order.PaymentSucceeded, ""}},
		{order.PaymentOpen, declined(intent(payment.Succeeded), "card_declined"), want{payment.StepSave, order.PaymentSucceeded, ""}},
		{order.PaymentOpen, intent(payment.Processing), want{payment.StepSave, order.PaymentPending, ""}},
		{order.PaymentOpen, intent(payment.Canceled), want{payment.StepSave, order.PaymentVoided, order.PaymentCancelled}},
		{order.PaymentOpen, declined(intent(payment.Canceled), "expired_card"), want{payment.StepSave, order.PaymentVoided, "expired_card"}},
		{order.PaymentOpen, declined(intent(payment.RequiresPaymentMethod), "expired_card"), want{step: payment.StepCancel, reason: "expired_card"}},
		{order.PaymentOpen, intent(payment.RequiresPaymentMethod), want{step: payment.StepCancel, reason: order.CardDeclined}},
		{order.PaymentOpen, intent(payment.RequiresAction), want{step: payment.StepCancel, reason: order.AuthenticationRequired}},
		{order.PaymentPending, intent(payment.Processing), want{step: payment.StepNone, status: order.PaymentPending}},
		{order.PaymentPending, intent(payment.Succeeded), want{payment.StepSave, order.PaymentSucceeded, ""}},
		{order.PaymentPending, intent(payment.Canceled), want{payment.StepSave, order.PaymentVoided, order.PaymentCancelled}},
		{order.PaymentPending, declined(intent(payment.RequiresPaymentMethod), "account_closed"), want{step: payment.StepCancel, reason: "account_closed"}},
		{order.PaymentPending, intent(payment.RequiresConfirmation), want{step: payment.StepConfirm}},
	} {
		t.Run(fmt.Sprintf("%s and %s%s", c.row, c.intent.Status, c.intent.Declined), func(t *testing.T) {
			before := row(c.row)
			d, err := before.Follow(c.intent, later)
			if err != nil {
				t.Fatal(err)
			}
			got := want{d.Step, d.Row.Status, d.Reason + d.Row.Reason}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if d.Step == payment.StepSave && (d.Row.Revision != before.Revision+1 || !d.Row.At.Equal(later) || d.Row.Params != params) {
				t.Errorf("row to be saved is %+v after revision %d", d.Row, before.Revision)
			}
		})
	}
}

func TestTimeOfTheFirstCaptureStays(t *testing.T) {
	before := row(order.PaymentPending)
	before.CapturedAt = opened // it was SUCCEEDED once
	d, err := before.Follow(intent(payment.Succeeded), later)
	if err != nil || !d.Row.CapturedAt.Equal(opened) || !d.Row.At.Equal(later) {
		t.Errorf("%+v, %v, want captured at %v", d.Row, err, opened)
	}
}

func TestEndedRowIsNotChangedByAnyIntent(t *testing.T) {
	for _, s := range []order.PaymentStatus{order.PaymentSucceeded, order.PaymentDeclined, order.PaymentVoided, order.PaymentReturned} {
		for _, i := range []payment.IntentStatus{payment.RequiresConfirmation, payment.RequiresPaymentMethod, payment.Processing, payment.Succeeded, payment.Canceled} {
			followed, err := row(s).Follow(intent(i), later)
			cancelled, err2 := row(s).Cancelled(intent(i), "card_declined", later)
			want := payment.Decision{Step: payment.StepNone, Row: row(s)}
			if diff := cmp.Diff([]payment.Decision{want, want}, []payment.Decision{followed, cancelled}); diff != "" || err != nil || err2 != nil {
				t.Errorf("%s and %s: %v, %v, %s", s, i, err, err2, diff)
			}
		}
	}
}

func TestOnlyACancelledIntentIsDeclined(t *testing.T) {
	for _, c := range []struct {
		row    order.PaymentStatus
		intent payment.IntentStatus
		want   order.PaymentStatus // empty: unclear
	}{
		{order.PaymentOpen, payment.Canceled, order.PaymentDeclined},
		{order.PaymentOpen, payment.Succeeded, order.PaymentSucceeded},
		{order.PaymentOpen, payment.Processing, order.PaymentPending},
		{order.PaymentOpen, payment.RequiresPaymentMethod, ""},
		{order.PaymentOpen, payment.RequiresConfirmation, ""},
		{order.PaymentOpen, payment.RequiresAction, ""},
		{order.PaymentOpen, "new_status", ""},
		{order.PaymentPending, payment.Canceled, order.PaymentDeclined},
		{order.PaymentPending, payment.Processing, order.PaymentPending},
	} {
		d, err := row(c.row).Cancelled(intent(c.intent), order.InsufficientFunds, later)
		if d.Row.Status != c.want || (c.want == "") != errors.Is(err, payment.ErrUnclear) {
			t.Errorf("%s and %s: row %s, error %v, want %q", c.row, c.intent, d.Row.Status, err, c.want)
		}
		if c.want == order.PaymentDeclined && d.Row.Reason != order.InsufficientFunds {
			t.Errorf("reason %s, want the decline's", d.Row.Reason)
		}
	}
}

func TestForeignIntentIsRefused(t *testing.T) {
	for name, change := range map[string]func(*payment.Intent){
		"other id":       func(i *payment.Intent) { i.ID = "pi_2" },
		"other amount":   func(i *payment.Intent) { i.Amount++ },
		"other currency": func(i *payment.Intent) { i.Currency = "USD" },
	} {
		i := intent(payment.Succeeded)
		change(&i)
		_, err := row(order.PaymentOpen).Follow(i, later)
		_, err2 := row(order.PaymentOpen).Cancelled(i, "", later)
		if !errors.Is(err, payment.ErrMismatch) || !errors.Is(err2, payment.ErrMismatch) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
	}
}

func TestUnknownStatusIsUnclear(t *testing.T) {
	if _, err := row(order.PaymentOpen).Follow(intent("requires_capture"), later); !errors.Is(err, payment.ErrUnclear) {
		t.Errorf("error %v, want ErrUnclear", err)
	}
}

func TestFirstRowsHaveRevisionOne(t *testing.T) {
	now := time.Date(2026, 3, 1, 13, 0, 0, 123_456_789, time.FixedZone("CET", 3600))
	at := opened.Add(123 * time.Millisecond)
	got := []payment.Row{
		payment.Open("o1", "pi_1", params, now),
		payment.Free("o1", "JPY", now),
		payment.Refuse("o1", order.AmountTooSmall, now),
		payment.Void("o1", order.NotPayable, now),
	}
	want := []payment.Row{
		{OrderID: "o1", Status: order.PaymentOpen, Revision: 1, IntentID: "pi_1", Params: params, At: at},
		{OrderID: "o1", Status: order.PaymentSucceeded, Revision: 1, IntentID: "none", Params: payment.Params{Currency: "JPY"}, At: at, CapturedAt: at},
		{OrderID: "o1", Status: order.PaymentDeclined, Revision: 1, Reason: order.AmountTooSmall, At: at},
		{OrderID: "o1", Status: order.PaymentVoided, Revision: 1, Reason: order.NotPayable, At: at},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEndedAndExists(t *testing.T) {
	var ended []order.PaymentStatus
	for _, s := range []order.PaymentStatus{
		order.PaymentOpen, order.PaymentPending, order.PaymentSucceeded, order.PaymentDeclined, order.PaymentVoided, order.PaymentReturned,
	} {
		if row(s).Ended() {
			ended = append(ended, s)
		}
	}
	want := []order.PaymentStatus{order.PaymentSucceeded, order.PaymentDeclined, order.PaymentVoided, order.PaymentReturned}
	if !slices.Equal(ended, want) {
		t.Errorf("ended: %v, want %v", ended, want)
	}
	if (payment.Row{}).Exists() || (payment.Row{}).Ended() {
		t.Error("the zero row exists")
	}
}

func TestProviderErrorsHaveAKind(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind outcome.Kind
		code outcome.Code
	}{
		{payment.ErrUnclear, outcome.KindTransient, payment.CodeUnclear},
		{payment.ErrState, outcome.KindTransient, payment.CodeUnclear},
		{payment.ErrKey, outcome.KindTransient, payment.CodeAuth},
		{payment.ErrNoIntent, outcome.KindTransient, payment.CodeNoIntent},
		{payment.ErrKeyReused, outcome.KindPermanent, payment.CodeKeyReused},
		{payment.ErrRefused, outcome.KindPermanent, payment.CodeRefused},
		{payment.ErrMismatch, outcome.KindPermanent, payment.CodeMismatch},
		{errors.New("other"), outcome.KindTransient, outcome.CodeUnknown},
		{nil, outcome.KindDone, ""},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("retrieve payment intent pi_1: %w", err)
		}
		got := payment.Classify(err)
		kind, code := outcome.Of(got)
		if kind != c.kind || code != c.code || !errors.Is(got, c.err) {
			t.Errorf("%v is %s %s, want %s %s", c.err, kind, code, c.kind, c.code)
		}
	}
}
