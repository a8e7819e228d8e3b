package recordorder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// maxKey is the longest Idempotency-Key, in characters, without the quotes.
const maxKey = 255

var (
	errKeyTwice  = errors.New("must stand in the request once, and have no comma outside quotes")
	errKeyLength = errors.New("must be 1 to 255 characters long")
	errKeyForm   = errors.New("must be printable ASCII; in quotes, only \\\" and \\\\ may follow a backslash, and nothing the closing quote")
)

// idempotencyKey returns the request's key, and false where it has none. A key may be bare,
// as most clients write it, or a string in quotes as the IETF's draft has it
// (draft-ietf-httpapi-idempotency-key-header; RFC 9651, section 3.3.3); both name the same key. A bare key has
// no comma, because a header that was sent twice arrives as one with a comma.
func idempotencyKey(h http.Header) (key string, found bool, err error) {
	values := h.Values("Idempotency-Key")
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
		key, err = parseKey(strings.Trim(values[0], " \t"))
		return key, true, err
	default:
		return "", true, errKeyTwice
	}
}

func parseKey(value string) (string, error) {
	key := value
	if strings.HasPrefix(value, `"`) {
		var err error
		if key, err = unquote(value); err != nil {
			return "", err
		}
	} else if strings.Contains(value, ",") {
		return "", errKeyTwice
	}
	if key == "" || len(key) > maxKey {
		return "", errKeyLength
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return "", errKeyForm
		}
	}
	return key, nil
}

// unquote reads an RFC 9651 string that is the whole of s.
func unquote(s string) (string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"' && i == len(s)-1:
			return b.String(), nil
		case s[i] == '"':
			return "", errKeyForm
		case s[i] == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", errKeyForm
			}
		}
		b.WriteByte(s[i])
	}
	return "", errKeyForm
}

// namespace of all order ids that come from a key: the UUIDv5 of "urn:orderflow:orders" in the URL namespace.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:orderflow:orders"))

// idFromKey returns the id of the order that this caller means by key: a UUIDv5 over
// both, so that no caller's key meets another's. A key has no line break, so the two cannot run into each other.
func idFromKey(caller httpapi.Caller, key string) order.ID {
	return order.ID(uuid.NewSHA1(namespace, []byte(key+"\n"+caller.ID)).String())
}

// payload is what two requests for one order must have in common to be the same request. Its
// JSON is hashed and stored: a field that is added later must be left out where it is empty.
type payload struct {
	Caller        string         `json:"caller"`
	UserID        order.UserID   `json:"user_id"`
	Amount        int64          `json:"amount"`
	Currency      money.Currency `json:"currency"`
	Items         []order.Item   `json:"items,omitempty"`
	PaymentMethod string         `json:"payment_method,omitempty"`
}

// payloadHash returns a SHA-256 over the caller and what the body says, in hex. White space and
// the order of members do not change it; the order of items does.
func payloadHash(caller httpapi.Caller, p PlaceOrder) (string, error) {
	text, err := json.Marshal(payload{
		Caller:        caller.ID,
		UserID:        p.UserID,
		Amount:        p.Amount,
		Currency:      p.Currency,
		Items:         p.Items,
		PaymentMethod: p.PaymentMethod,
	})
	if err != nil {
		return "", fmt.Errorf("hash payload: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
