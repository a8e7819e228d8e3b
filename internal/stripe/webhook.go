package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/orderflow/orderflow/internal/payment"
)

// Tolerance is how far from now, either way, a signature may have been made (https://docs.stripe.com/webhooks, replay attacks).
const Tolerance = webhook.DefaultTolerance

// Secrets gives the secrets that Stripe signs webhooks with: one of each endpoint, two while one is being rolled.
type Secrets interface {
	// WebhookSecrets returns the secrets to use now.
	WebhookSecrets(ctx context.Context) ([]string, error)
	// RenewWebhookSecrets returns the secrets to use after a signature was by none of refused; they may be the same.
	RenewWebhookSecrets(ctx context.Context, refused []string) ([]string, error)
}

// Reader reads webhooks.
type Reader struct {
	secrets Secrets
	now     func() time.Time
}

// NewReader returns a reader that asks secrets what webhooks are signed with.
func NewReader(secrets Secrets, now func() time.Time) *Reader {
	return &Reader{secrets: secrets, now: now}
}

// Read is the function [Read], but looks for newer secrets before it calls a webhook forged. The
// error may be payment.ErrKey as well, where the secrets could not be read.
func (r *Reader) Read(ctx context.Context, payload []byte, signature string) (payment.Notice, error) {
	secrets, err := r.secrets.WebhookSecrets(ctx)
	if err != nil {
		return payment.Notice{}, fmt.Errorf("read webhook: %w: %w", payment.ErrKey, err)
	}
	n, err := Read(payload, signature, secrets, r.now())
	if !errors.Is(err, payment.ErrForged) {
		return n, err
	}
	renewed, renewErr := r.secrets.RenewWebhookSecrets(ctx, secrets)
	if renewErr != nil {
		return payment.Notice{}, fmt.Errorf("read webhook: %w: %w", payment.ErrKey, renewErr)
	}
	return Read(payload, signature, renewed, r.now())
}

// Read returns what a webhook says. Payload is the body's raw bytes; signature is the header Stripe-Signature, which must hold a signature
// over them by one of secrets, not older than Tolerance. A type that does not concern orders gives a notice without an intent.
//
// The error is payment.ErrForged, ErrOld (also where the signature is from the future), ErrAPIVersion where the
// endpoint sends another release train than stripe-go reads (https://docs.stripe.com/sdks/versioning), or ErrNotice. None quotes the payload.
func Read(payload []byte, signature string, secrets []string, now time.Time) (payment.Notice, error) {
	if err := verify(payload, signature, secrets, now); err != nil {
		return payment.Notice{}, fmt.Errorf("read webhook: %w", err)
	}
	var e struct {
		ID         string           `json:"id"`
		Object     string           `json:"object"`
		APIVersion string           `json:"api_version"`
		Type       stripe.EventType `json:"type"`
		Created    int64            `json:"created"`
		Data       struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(payload, &e) != nil || e.Object != "event" {
		return payment.Notice{}, fmt.Errorf("read webhook: %w", payment.ErrNotice)
	}
	if !sameTrain(e.APIVersion) {
		return payment.Notice{}, fmt.Errorf("read webhook: %s instead of %s: %w", versionName(e.APIVersion), stripe.APIVersion, payment.ErrAPIVersion)
	}
	n, err := notice(e.ID, e.Type, e.Created, e.Data.Object)
	if err != nil {
		return payment.Notice{}, fmt.Errorf("read webhook: %w", err)
	}
	return n, nil
}

// verify checks the signature, then its time. It is stripe-go that compares, in constant time.
func verify(payload []byte, signature string, secrets []string, now time.Time) error {
	// Spaces get in where a proxy joins or folds headers.
	signature = strings.ReplaceAll(signature, " ", "")
	if !signedByAny(payload, signature, secrets) {
		return payment.ErrForged
	}
	at, err := signedAt(signature)
	if err != nil {
		return payment.ErrForged
	}
	if age := now.Sub(at); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("made %v before now: %w", age.Truncate(time.Second), payment.ErrOld)
	}
	return nil
}

// signedByAny reports whether one of the secrets made one of the header's signatures. An empty secret made none: anybody knows it.
func signedByAny(payload []byte, signature string, secrets []string) bool {
	for _, secret := range secrets {
		if secret != "" && webhook.ValidatePayloadIgnoringTolerance(payload, signature, secret) == nil {
			return true
		}
	}
	return false
}

var errNoTime = errors.New("signature has no time")

// signedAt returns the time that a valid header's signature covers. Of several, stripe-go takes the last, and so must we.
func signedAt(signature string) (time.Time, error) {
	at, err := time.Time{}, errNoTime
	for part := range strings.SplitSeq(signature, ",") {
		if value, found := strings.CutPrefix(part, "t="); found {
			var seconds int64
			seconds, err = strconv.ParseInt(value, 10, 64)
			at = time.Unix(seconds, 0)
		}
	}
	return at, err
}

// sameTrain reports whether stripe-go reads events of a version: one of its own release train, such as dahlia in 2026-03-25.dahlia.
func sameTrain(version string) bool {
	_, train, found := strings.Cut(version, ".")
	return found && train == stripe.APIMajorVersion
}

// longestVersion is a bound on what an error quotes as an API version.
const longestVersion = 40

// versionName returns what a payload calls its API version if it looks like one.
func versionName(version string) string {
	strange := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' && r != '.'
	}
	if version == "" || len(version) > longestVersion || strings.ContainsFunc(version, strange) {
		return "an unknown version"
	}
	return version
}
