package ses_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/ses"
)

const (
	sender    = "orders@shop.example"
	recipient = "ada@customer.example"
)

var letter = mail.Mail{
	To:      recipient,
	Message: mail.Message{Subject: "订单 o-1 已确认", Text: "您好", HTML: "<p>您好</p>"},
	OrderID: "o-1",
	Version: 2,
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	s := serve(t, accept)
	if err := newMailer(t, s.URL, "Orders <"+sender+">", "tracking").Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if got, want := *s.path.Load(), "POST /v2/email/outbound-emails"; got != want {
		t.Errorf("got request %q, want %q", got, want)
	}
	var got, want any
	if err := errors.Join(json.Unmarshal([]byte(*s.body.Load()), &got), json.Unmarshal([]byte(`{
		"FromEmailAddress": "\"Orders\" <orders@shop.example>",
		"Destination": {"ToAddresses": ["ada@customer.example"]},
		"ConfigurationSetName": "tracking",
		"Content": {"Simple": {
			"Subject": {"Charset": "UTF-8", "Data": "订单 o-1 已确认"},
			"Body": {"Text": {"Charset": "UTF-8", "Data": "您好"}, "Html": {"Charset": "UTF-8", "Data": "<p>您好</p>"}}
		}},
		"EmailTags": [{"Name": "order_id", "Value": "o-1"}, {"Name": "order_version", "Value": "2"}]
	}`), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestTheSenderStandsAloneWithoutANameOrConfigurationSet(t *testing.T) {
	s := serve(t, accept)
	if err := newMailer(t, s.URL, sender, "").Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	body := *s.body.Load()
	if !strings.Contains(body, `"FromEmailAddress":"orders@shop.example"`) || strings.Contains(body, "ConfigurationSetName") {
		t.Errorf("got request %s, want a bare sender and no configuration set", body)
	}
}

// Case: rejections were taken for outages and sent again for ever (mail-for-good#113, plunk#111, voicemail-express#34).
func TestEachAnswerIsSortedByWhatItSaysOfTheMail(t *testing.T) {
	unverified := "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   mail.Failure
		calls  int64
	}{
		{"an address that is suppressed", refuse(400, "MessageRejected", "Address is on the suppression list for your account"), mail.Failure{Kind: mail.Refused, Code: ses.CodeRejected}, 1},
		{"an address that is not verified in the sandbox", refuse(400, "MessageRejected", unverified+recipient), mail.Failure{Kind: mail.Refused, Code: ses.CodeRejected}, 1},
		{"a sender that is not verified", refuse(400, "MessageRejected", unverified+sender), mail.Failure{Kind: mail.NotSent, Code: ses.CodeSender}, 1},
		{"a sender and an address that are not verified", refuse(400, "MessageRejected", unverified+recipient+", "+sender), mail.Failure{Kind: mail.NotSent, Code: ses.CodeSender}, 1},
		{"an illegal address", refuse(400, "BadRequestException", "Illegal address"), mail.Failure{Kind: mail.Refused, Code: ses.CodeAddress}, 1},
		{"an illegal domain", refuse(400, "BadRequestException", "Domain contains illegal character"), mail.Failure{Kind: mail.Refused, Code: ses.CodeAddress}, 1},
		{"another bad request", refuse(400, "BadRequestException", "Duplicate tag name"), mail.Failure{Kind: mail.Invalid, Code: ses.CodeRequest}, 1},
		{"the sending rate", refuse(429, "TooManyRequestsException", "slow down"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeThrottled}, 3},
		{"the day's quota", refuse(400, "ThrottlingException", "Daily message quota exceeded"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeThrottled}, 3},
		{"the limit of a resource", refuse(400, "LimitExceededException", "too many"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeThrottled}, 3},
		{"paused sending", refuse(400, "SendingPausedException", "paused"), mail.Failure{Kind: mail.NotSent, Code: ses.CodePaused}, 1},
		{"a suspended account", refuse(400, "AccountSuspendedException", "suspended"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeSuspended}, 1},
		{"a MAIL FROM domain", refuse(400, "MailFromDomainNotVerifiedException", "no MX"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeSender}, 1},
		{"a missing configuration set", refuse(404, "NotFoundException", "no such set"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeConfiguration}, 1},
		{"a role without permission", refuse(403, "AccessDeniedException", "not authorized to send to "+recipient), mail.Failure{Kind: mail.NotSent, Code: ses.CodeAccess}, 1},
		{"a refusal of next year", refuse(400, "TenantSleepsException", "zzz"), mail.Failure{Kind: mail.NotSent, Code: ses.CodeRefusedForNow}, 1},
		{"an error of the service", refuse(500, "InternalServiceErrorException", "oops"), mail.Failure{Kind: mail.Uncertain, Code: ses.CodeNotAcknowledged}, 1},
		{"a service that is out", refuse(503, "ServiceUnavailable", "later"), mail.Failure{Kind: mail.Uncertain, Code: ses.CodeNotAcknowledged}, 1},
		{"a gateway's page", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, mail.Failure{Kind: mail.Uncertain, Code: ses.CodeNotAcknowledged}, 1},
		{"a throttle that says so with a 5xx", refuse(503, "ThrottlingException", "later"), mail.Failure{Kind: mail.Uncertain, Code: ses.CodeNotAcknowledged}, 1},
		{"a lost connection", hangUp, mail.Failure{Kind: mail.Uncertain, Code: ses.CodeNotAcknowledged}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.answer)
			err := newMailer(t, s.URL, sender, "").Send(t.Context(), letter)
			got, ok := errors.AsType[*mail.Failure](err)
			if !ok {
				t.Fatalf("got error %v, want a mail.Failure", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
			if got := s.calls.Load(); got != tt.calls {
				t.Errorf("got %d calls, want %d", got, tt.calls)
			}
			if strings.Contains(err.Error(), "@") {
				t.Errorf("error %q holds an address", err)
			}
		})
	}
}

// hangUp closes the connection without an answer, after the request was read.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestAThrottledCallIsRepeatedUntilItGoesThrough(t *testing.T) {
	var calls atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			refuse(429, "TooManyRequestsException", "slow down")(w, r)
			return
		}
		accept(w, r)
	})
	if err := newMailer(t, s.URL, sender, "").Send(t.Context(), letter); err != nil {
		t.Errorf("got %v, want the third call to do", err)
	}
}

func TestAMailThatWasTakenIsSentWhateverBecomesOfTheAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"Mess`)
		},
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer)
			if err := newMailer(t, s.URL, sender, "").Send(t.Context(), letter); err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if got := s.calls.Load(); got != 1 {
				t.Errorf("got %d calls, want 1", got)
			}
		})
	}
}

func TestAnUnreachableServiceSentNothing(t *testing.T) {
	s := serve(t, accept)
	s.Close() // nobody listens there now
	err := newMailer(t, s.URL, sender, "").Send(t.Context(), letter)
	wantFailure(t, err, mail.NotSent, ses.CodeUnreachable)
}

func TestACallThatReachedNobodyIsRepeated(t *testing.T) {
	s := serve(t, accept)
	cfg := config(s.URL)
	cfg.HTTPClient = &deaf{failures: 2}
	m, err := ses.New(cfg, sender, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), letter); err != nil {
		t.Errorf("got %v, want the third call to do", err)
	}
}

// deaf makes no connection at first.
type deaf struct{ failures int }

func (d *deaf) Do(r *http.Request) (*http.Response, error) {
	if d.failures > 0 {
		d.failures--
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return http.DefaultClient.Do(r)
}

func TestNothingIsSentToWhatIsNoAddress(t *testing.T) {
	s := serve(t, accept)
	m := newMailer(t, s.URL, sender, "")
	for _, to := range []string{"", "ada", "Ada <ada@customer.example>", "a@b.example,c@d.example", "a@b.example\r\nBcc: c@d.example", "王@b.example"} {
		l := letter
		l.To = to
		wantFailure(t, m.Send(t.Context(), l), mail.Refused, ses.CodeAddress)
	}
	if got := s.calls.Load(); got != 0 {
		t.Errorf("got %d calls, want none", got)
	}
}

func TestNothingIsSentThatCouldBeCutOff(t *testing.T) {
	s := serve(t, accept)
	m := newMailer(t, s.URL, sender, "")
	late, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	wantFailure(t, m.Send(late, letter), mail.NotSent, ses.CodeNoTime)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	wantFailure(t, m.Send(over, letter), mail.NotSent, ses.CodeNoTime)
	if got := s.calls.Load(); got != 0 {
		t.Errorf("got %d calls, want none", got)
	}
}

func TestASlowAnswerLeavesItOpenWhetherTheMailWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config("http://ses.invalid")
		cfg.HTTPClient = silence{}
		m, err := ses.New(cfg, sender, "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		wantFailure(t, m.Send(ctx, letter), mail.Uncertain, ses.CodeNotAcknowledged)
	})
}

// silence takes a request and never answers.
type silence struct{}

func (silence) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestASenderThatIsNoAddressIsRefusedAtOnce(t *testing.T) {
	for _, from := range []string{"", "orders", "Orders", "a@shop.example, b@shop.example", "orders@localhost"} {
		if _, err := ses.New(aws.Config{}, from, ""); err == nil {
			t.Errorf("sender %q: got no error", from)
		}
	}
}

func wantFailure(t *testing.T, err error, kind mail.FailureKind, code outcome.Code) {
	t.Helper()
	got, ok := errors.AsType[*mail.Failure](err)
	if !ok || got.Kind != kind || got.Code != code {
		t.Errorf("got error %v, want %s with code %s", err, kind, code)
	}
}
