// Package ses hands mails to Amazon SES, and tells apart a mail that was refused, one that was not sent and one that may have been.
//
// SES knows no idempotency key: a mail that is handed over twice is sent twice.
// So a call is repeated only where the first one certainly sent nothing.
package ses

import (
	"context"
	"fmt"
	"net/http"
	netmail "net/mail"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/orderflow/orderflow/internal/mail"
)

const (
	// responseTimeout is how long SES may take to answer.
	responseTimeout = 3 * time.Second
	// idleTimeout is how long a connection waits for another mail. A frozen function does not notice that its
	// connections are closed, and what fails on one of them may have been sent; so none outlives a batch by much.
	idleTimeout = 2 * time.Second
	maxAttempts = 3
	maxBackoff  = 200 * time.Millisecond
	charset     = "UTF-8"
)

// Mailer sends mails from one address.
type Mailer struct {
	client *sesv2.Client
	sender netmail.Address
	set    *string
}

// New returns a mailer that sends from sender, an address with or without a
// name, which SES must have verified. configurationSet may be empty. It is an
// error if sender is not an address.
func New(cfg aws.Config, sender, configurationSet string) (*Mailer, error) {
	from, err := netmail.ParseAddress(sender)
	if err != nil || !mail.ValidAddress(from.Address) {
		return nil, fmt.Errorf("mail sender %q: is not an address", sender)
	}
	m := &Mailer{sender: *from}
	if configurationSet != "" {
		m.set = &configurationSet
	}
	m.client = sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = maxAttempts, maxBackoff
			o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(repeatable)}
		})
		if c, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = c.WithTransportOptions(func(t *http.Transport) {
				t.IdleConnTimeout, t.ResponseHeaderTimeout = idleTimeout, responseTimeout
			})
		}
	})
	return m, nil
}

// Send hands m over. Every error is a *mail.Failure, which says whether the
// mail may have been sent. Nothing is sent to what is no [mail.ValidAddress],
// nor when ctx leaves less time than SES may take to answer.
func (s *Mailer) Send(ctx context.Context, m mail.Mail) error {
	if !mail.ValidAddress(m.To) {
		return &mail.Failure{Kind: mail.Refused, Code: CodeAddress}
	}
	if !timeToAnswer(ctx) {
		return &mail.Failure{Kind: mail.NotSent, Code: CodeNoTime}
	}
	_, err := s.client.SendEmail(ctx, s.request(m))
	return failure(err, s.sender.Address)
}

func timeToAnswer(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(deadline) >= responseTimeout)
}

func (s *Mailer) request(m mail.Mail) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String(s.from()),
		Destination:          &types.Destination{ToAddresses: []string{m.To}},
		ConfigurationSetName: s.set,
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8(m.Message.Subject),
			Body:    &types.Body{Text: utf8(m.Message.Text), Html: utf8(m.Message.HTML)},
		}},
		// Order ids hold only what SES takes in a tag: letters, digits, _ and -
		// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html).
		EmailTags: []types.MessageTag{
			{Name: aws.String("order_id"), Value: aws.String(string(m.OrderID))},
			{Name: aws.String("order_version"), Value: aws.String(strconv.FormatInt(m.Version, 10))},
		},
	}
}

// from returns the sender, in angle brackets only where there is a name.
func (s *Mailer) from() string {
	if s.sender.Name == "" {
		return s.sender.Address
	}
	return s.sender.String()
}

func utf8(text string) *types.Content {
	return &types.Content{Charset: aws.String(charset), Data: &text}
}
