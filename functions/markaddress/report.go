package markaddress

import (
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/strictjson"
	"github.com/orderflow/orderflow/internal/user"
)

// SES's events on EventBridge, by their detail types
// (https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html).
const (
	source             = "aws.ses"
	detailBounced      = "Email Bounced"
	detailComplaint    = "Email Complaint Received"
	typeBounced        = "aws.ses.EmailBounced"
	typeComplaint      = "aws.ses.EmailComplaintReceived"
	orderTag           = "order_id" // that internal/ses puts on every mail
	bouncePermanent    = "Permanent"
	bounceTransient    = "Transient"
	bounceUndetermined = "Undetermined"
	// feedbackNotSpam is the complaint that says that a mail was taken for unwanted by mistake.
	feedbackNotSpam = "not-spam"
)

// envelope is what EventBridge puts around an event of AWS.
type envelope struct {
	ID         string         `json:"id"`
	Source     string         `json:"source"`
	DetailType string         `json:"detail-type"`
	Detail     jsontext.Value `json:"detail"`
}

// detail is what SES says of a mail, as far as it is of interest here
// (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
type detail struct {
	Mail struct {
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Bounce struct {
		Type      string    `json:"bounceType"`
		Timestamp time.Time `json:"timestamp"`
	} `json:"bounce"`
	Complaint struct {
		Feedback  string    `json:"complaintFeedbackType"` // most complaints have none
		Timestamp time.Time `json:"timestamp"`
	} `json:"complaint"`
}

// report is one bounce or complaint.
type report struct {
	order order.ID
	// address is the one that our mail was sent to. The one that SES lists as bounced or complained is what the
	// refusing server called it, which may be where a mailbox forwards to.
	address string
	why     user.RefusalReason
	at      time.Time
	final   bool // the address is not to be tried again
}

// Parse reads an event of SES as EventBridge hands it to a queue. The result is
// an event for [Stage] only, with the order as its subject; it is no CloudEvent
// of the bus. The error says what is wrong and quotes nothing.
func Parse(body string) (event.Event, error) {
	var env envelope
	if err := decode([]byte(body), "", &env); err != nil {
		return event.Event{}, err
	}
	var c checks
	kind, known := map[string]string{detailBounced: typeBounced, detailComplaint: typeComplaint}[env.DetailType]
	c.require(env.Source == source, "/source", "must be "+source)
	c.require(env.ID != "", "/id", "is required")
	c.require(known, "/detail-type", "must be "+detailBounced+" or "+detailComplaint)
	c.require(len(env.Detail) > 0, "/detail", "is required")
	if err := c.err(); err != nil {
		return event.Event{}, err
	}
	r, err := reportOf(kind, env.Detail)
	if err != nil {
		return event.Event{}, err
	}
	out := event.New()
	out.SetID(env.ID)
	out.SetSource(source)
	out.SetType(kind)
	out.SetSubject(string(r.order))
	out.DataEncoded = env.Detail
	return out, nil
}

// reportOf reads the detail of an event of the given type.
func reportOf(kind string, raw []byte) (report, error) {
	var d detail
	if err := decode(raw, "/detail", &d); err != nil {
		return report{}, err
	}
	var c checks
	tag := d.Mail.Tags[orderTag]
	c.require(len(tag) == 1 && order.ID(tag[0]).Valid(), "/detail/mail/tags/"+orderTag, "must be one order id")
	c.require(len(d.Mail.Destination) == 1 && d.Mail.Destination[0] != "", "/detail/mail/destination", "must be one address, as our mails have")
	r := report{why: user.Bounced, at: d.Bounce.Timestamp, final: d.Bounce.Type == bouncePermanent}
	if kind == typeComplaint {
		r = report{why: user.Complained, at: d.Complaint.Timestamp, final: d.Complaint.Feedback != feedbackNotSpam}
		c.require(!r.at.IsZero(), "/detail/complaint/timestamp", "is required")
	} else {
		c.require(r.final || d.Bounce.Type == bounceTransient || d.Bounce.Type == bounceUndetermined,
			"/detail/bounce/bounceType", "must be one of Permanent, Transient, Undetermined")
		c.require(!r.at.IsZero(), "/detail/bounce/timestamp", "is required")
	}
	if err := c.err(); err != nil {
		return report{}, err
	}
	r.order, r.address = order.ID(tag[0]), d.Mail.Destination[0]
	return r, nil
}

// decode reads the one JSON value in raw. Unlike strictjson it takes names as AWS
// writes them; it too refuses doubled names and text behind the value. Members
// that are not of interest are passed over, for SES adds to its events.
func decode(raw []byte, at string, dst any) error {
	err := json.Unmarshal(raw, dst)
	if err == nil {
		return nil
	}
	v := strictjson.Violation{Pointer: at, Detail: "is not one valid JSON value"}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		v = strictjson.Violation{Pointer: at + string(e.JSONPointer), Detail: "has not the type that it should have"}
	}
	return fmt.Errorf("parse event of SES: %w", strictjson.Report([]strictjson.Violation{v}))
}

// checks collects what is wrong.
type checks struct{ violations []strictjson.Violation }

func (c *checks) require(ok bool, pointer, detail string) {
	if !ok {
		c.violations = append(c.violations, strictjson.Violation{Pointer: pointer, Detail: detail})
	}
}

func (c *checks) err() error {
	if err := strictjson.Report(c.violations); err != nil {
		return fmt.Errorf("parse event of SES: %w", err)
	}
	return nil
}
