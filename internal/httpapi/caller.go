// Package httpapi is what the stages that speak HTTP share: who is asking, how answers are written, and what goes into the log line of a request.
//
// Such a stage is an ordinary [net/http.Handler]. Package apigateway below this
// one puts it behind an API Gateway HTTP API.
package httpapi

import (
	"context"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/internal/order"
)

// ShopScope is the OAuth scope of a shop's back end.
const ShopScope = "orderflow/shop"

// CallerKind tells the kinds of callers apart.
type CallerKind string

// The kinds of callers.
const (
	Shop     CallerKind = "shop"
	Customer CallerKind = "customer"
)

// Caller is who sent a request, as its verified token says.
type Caller struct {
	Kind   CallerKind
	ID     string       // a shop's client id, or a customer's subject
	UserID order.UserID // a customer's; empty for a shop
}

// MaySee reports whether the caller may know that o exists: a shop what it placed, a customer what is its own.
func (c Caller) MaySee(o order.Order) bool {
	switch c.Kind {
	case Shop:
		return c.ID != "" && c.ID == o.PlacedBy
	case Customer:
		return c.UserID != "" && c.UserID == o.UserID
	default:
		return false
	}
}

// CallerOf reads the claims of an access token of the user pool, whose signature, issuer,
// audience and times somebody else has verified. It reports false for every token that is neither a
// shop's nor a customer's: identity tokens, and client credentials without the shop's scope
// (Cognito makes their subject the client id).
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
func CallerOf(claims map[string]string) (Caller, bool) {
	client, subject := claims["client_id"], claims["sub"]
	if claims["token_use"] != "access" {
		return Caller{}, false
	}
	if slices.Contains(strings.Fields(claims["scope"]), ShopScope) {
		return Caller{Kind: Shop, ID: client}, client != ""
	}
	user := order.UserID(subject)
	if !user.Valid() || subject == client {
		return Caller{}, false
	}
	return Caller{Kind: Customer, ID: subject, UserID: user}, true
}

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller that ctx carries, and false where nobody known is asking.
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
