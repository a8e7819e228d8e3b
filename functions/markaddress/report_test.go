package markaddress_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/functions/markaddress"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/ses"
)

func TestAReportThatCannotBeReadSaysWhatIsWrongAndQuotesNothing(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty":               {"", "is not one valid JSON value"},
		"a list":              {"[]", "has not the type that it should have"},
		"two values":          {report(t, "bounce") + "{}", "is not one valid JSON value"},
		"cut off":             {report(t, "bounce")[:500], "is not one valid JSON value"},
		"said twice":          {report(t, "bounce", `"source": "aws.ses",`, `"source": "aws.ses", "source": "aws.ses",`), "is not one valid JSON value"},
		"other service":       {report(t, "bounce", `"aws.ses"`, `"ada@example.com"`), "/source must be aws.ses"},
		"other case":          {report(t, "bounce", `"source": "aws.ses"`, `"Source": "aws.ses"`), "/source must be aws.ses"},
		"other event":         {report(t, "bounce", `Email Bounced`, `Email Sent`), "/detail-type must be Email Bounced or Email Complaint Received"},
		"no id":               {report(t, "bounce", `"id": "6f0c3f9e-1f6b-4a37-9a53-0f4f6d2f8a11"`, `"id": ""`), "/id is required"},
		"no detail":           {report(t, "bounce", `"detail": {`, `"details": {`), "/detail is required"},
		"detail is no object": {`{"id":"1","source":"aws.ses","detail-type":"Email Bounced","detail":"ada@example.com"}`, "/detail has not the type that it should have"},
		"tag is no list":      {report(t, "bounce", `["order-1"]`, `"ada@example.com"`), "/detail/mail/tags/order_id has not the type that it should have"},
		"no tag":              {report(t, "bounce", `"order_id"`, `"order"`), "/detail/mail/tags/order_id must be one order id"},
		"tag is no order id":  {report(t, "bounce", `["order-1"]`, `["ada@example.com"]`), "/detail/mail/tags/order_id must be one order id"},
		"two orders":          {report(t, "bounce", `["order-1"]`, `["order-1", "order-2"]`), "/detail/mail/tags/order_id must be one order id"},
		"two addresses": {
			report(t, "bounce", `"destination": ["ada@example.com"]`, `"destination": ["ada@example.com", "kim@example.com"]`),
			"/detail/mail/destination must be one address, as our mails have",
		},
		"nobody":       {report(t, "bounce", `"destination": ["ada@example.com"]`, `"destination": [""]`), "/detail/mail/destination must be one address, as our mails have"},
		"unknown kind": {report(t, "bounce", `"Permanent"`, `"permanent"`), "/detail/bounce/bounceType must be one of Permanent, Transient, Undetermined"},
		"no bounce": {
			report(t, "bounce", `"bounce": {`, `"bounced": {`),
			"/detail/bounce/bounceType must be one of Permanent, Transient, Undetermined; /detail/bounce/timestamp is required",
		},
		"no complaint": {report(t, "complaint", `"complaint": {`, `"complained": {`), "/detail/complaint/timestamp is required"},
		"no time":      {report(t, "bounce", `2026-03-14T12:00:06.125Z`, `yesterday`), "/detail/bounce/timestamp has not the type that it should have"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := markaddress.Parse(c.body)
			if err == nil {
				t.Fatal("got no error")
			}
			if got := strings.TrimPrefix(err.Error(), "parse event of SES: "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAReportIsLoggedUnderItsOrder(t *testing.T) {
	for name, kind := range map[string]string{"bounce": "aws.ses.EmailBounced", "complaint": "aws.ses.EmailComplaintReceived"} {
		in, err := markaddress.Parse(report(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if in.Subject() != "order-1" || in.Type() != kind || in.ID() == "" {
			t.Errorf("%s: got the event %s of type %s about %q, want one of type %s about order-1", name, in.ID(), in.Type(), in.Subject(), kind)
		}
	}
}

// TestTheMailersTagsAreThoseThatAReportIsReadBy takes the tags out of a request to SES, and puts them into a report as SES does.
func TestTheMailersTagsAreThoseThatAReportIsReadBy(t *testing.T) {
	var sent struct {
		EmailTags []struct{ Name, Value string }
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if raw, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(raw, &sent) != nil {
			t.Errorf("got the request %s, error %v", raw, err)
		}
		_, _ = io.WriteString(w, `{"MessageId":"1"}`)
	}))
	defer service.Close()
	env := map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": service.URL}
	mailer, err := ses.New(awsenv.Config(func(name string) string { return env[name] }), "orders@example.com", "orderflow")
	if err != nil {
		t.Fatal(err)
	}
	if err := mailer.Send(t.Context(), mail.Mail{To: "ada@example.com", OrderID: "order-9", Version: 2}); err != nil {
		t.Fatal(err)
	}
	tags := map[string][]string{}
	for _, tag := range sent.EmailTags {
		tags[tag.Name] = []string{tag.Value}
	}
	raw, err := json.Marshal(tags)
	if err != nil {
		t.Fatal(err)
	}
	body := report(t, "bounce")
	at := strings.Index(body, `"tags": {`)
	in, err := markaddress.Parse(body[:at] + `"tags": ` + string(raw) + "}}}")
	if err != nil {
		t.Fatal(err)
	}
	if got := in.Subject(); got != "order-9" {
		t.Errorf("got a report about %q, want order-9", got)
	}
}
