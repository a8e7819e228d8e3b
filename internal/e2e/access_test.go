package e2e_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// decodePart decodes the JSON object in a part of a token.
func decodePart(t *testing.T, part string) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func encodePart(t *testing.T, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// forgeries returns tokens that give the holder of a genuine one a shop's scope, by how they are made.
func forgeries(t *testing.T, genuine string) map[string]string {
	t.Helper()
	parts := strings.Split(genuine, ".")
	if len(parts) != 3 {
		t.Fatalf("got a token of %d parts, want 3", len(parts))
	}
	header, claims := decodePart(t, parts[0]), decodePart(t, parts[1])
	claims["scope"], claims["client_id"] = "orderflow/shop", world.Stack.ShopClientID
	payload := encodePart(t, claims)

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + payload))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	header["alg"] = "none"
	return map[string]string{
		"claims changed under the old signature": parts[0] + "." + payload + "." + parts[2],
		"signed with another key":                parts[0] + "." + payload + "." + base64.RawURLEncoding.EncodeToString(signature),
		"said to need no signature":              encodePart(t, header) + "." + payload + ".",
		"without a signature":                    parts[0] + "." + payload,
		"nothing at all":                         "",
		"in another form":                        "x.y.z",
	}
}

func TestAForgedTokenPlacesAndShowsNothing(t *testing.T) {
	explain(t)
	owner := signIn(t, "forger@example.com")
	id := ids(t, 1)[0]
	body := placed{OrderID: id, UserID: owner.id, Amount: 1999, Currency: "USD"}.json(t)
	before := storedOrders(t)
	for how, token := range forgeries(t, owner.access) {
		for _, request := range []struct{ method, path, body string }{
			{http.MethodPost, "/orders", body}, {http.MethodGet, "/orders", ""}, {http.MethodGet, "/orders/" + string(id), ""},
		} {
			if got := call(t, token, request.method, request.path, request.body); got.status != http.StatusUnauthorized {
				t.Errorf("%s %s, %s: got %d, want 401", request.method, request.path, how, got.status)
			}
		}
	}
	if got := call(t, owner.idToken, http.MethodPost, "/orders", body); got.status != http.StatusForbidden {
		t.Errorf("POST with an identity token: got %d, want 403", got.status)
	}
	if got := call(t, owner.idToken, http.MethodGet, "/orders", ""); got.status != http.StatusForbidden {
		t.Errorf("GET /orders with an identity token: got %d, want 403", got.status)
	}
	if after := storedOrders(t); after != before {
		t.Errorf("got %d orders stored, want %d as before", after, before)
	}
}

// TestAClientThatTheAPIDoesNotKnowIsKeptOut uses a client of the same pool, with a
// shop's scope, that is not in the authorizer's audience.
func TestAClientThatTheAPIDoesNotKnowIsKeptOut(t *testing.T) {
	explain(t)
	pool := cognitoidentityprovider.NewFromConfig(world.Config)
	made, err := pool.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: &world.Stack.UserPoolID, ClientName: aws.String("another-shop"), GenerateSecret: true,
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeClientCredentials},
		AllowedOAuthScopes: []string{"orderflow/shop"},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := made.UserPoolClient
	t.Cleanup(func() {
		_, err := pool.DeleteUserPoolClient(context.WithoutCancel(t.Context()), &cognitoidentityprovider.DeleteUserPoolClientInput{
			UserPoolId: &world.Stack.UserPoolID, ClientId: client.ClientId,
		})
		if err != nil {
			t.Error(err)
		}
	})
	token, err := clientToken(t.Context(), aws.ToString(client.ClientId), aws.ToString(client.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	id := ids(t, 1)[0]
	place(t, placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"})
	if got := call(t, token, http.MethodGet, "/orders/"+string(id), ""); got.status != http.StatusUnauthorized {
		t.Errorf("GET: got %d %s, want 401", got.status, got.body)
	}
	body := placed{OrderID: id + "-other", UserID: "kim", Amount: 1999, Currency: "USD"}.json(t)
	if got := call(t, token, http.MethodPost, "/orders", body); got.status != http.StatusUnauthorized {
		t.Errorf("POST: got %d %s, want 401", got.status, got.body)
	}
	reaches(t, order.Paid, id)
}

// TestAnotherShopsOrderLooksLikeNone stores an order as another shop's. The API has one shop client,
// so that it cannot be placed over HTTP.
func TestAnotherShopsOrderLooksLikeNone(t *testing.T) {
	explain(t)
	owner := signIn(t, "of-another-shop@example.com")
	id := ids(t, 1)[0]
	o := order.Order{ID: id, UserID: owner.id, Amount: 1999, Currency: "USD", PlacedBy: "another-shop", PayloadHash: strings.Repeat("0", 64)}
	if _, created, err := world.orders.Create(t.Context(), order.New(o, time.Now())); err != nil || !created {
		t.Fatalf("create: %t, %v", created, err)
	}
	reaches(t, order.Paid, id)
	foreign := call(t, world.shop, http.MethodGet, "/orders/"+string(id), "")
	unknown := call(t, world.shop, http.MethodGet, "/orders/no-such-order", "")
	wantProblem(t, "a foreign order", foreign, http.StatusNotFound, "not-found")
	if diff := cmp.Diff(unknown.body, foreign.body); diff != "" {
		t.Errorf("the answers tell a foreign order from an unknown one (-unknown +foreign)\n%s", diff)
	}
	clash := call(t, world.shop, http.MethodPost, "/orders", placed{OrderID: id, UserID: owner.id, Amount: 1999, Currency: "USD"}.json(t))
	wantProblem(t, "its id", clash, http.StatusUnprocessableEntity, "order-clash")
	if s, status := show(t, owner.access, id); status != http.StatusOK || s.Status != order.Paid {
		t.Errorf("its customer: got %d %+v, want the paid order", status, s)
	}
}

func TestAKeyStandsForOneOrder(t *testing.T) {
	explain(t)
	body := placed{UserID: "kim", Amount: 1999, Currency: "USD"}
	post := func(key string) answer {
		return call(t, world.shop, http.MethodPost, "/orders", body.json(t), "Idempotency-Key", key)
	}
	first, again := post("a-key-of-one"), post(`"a-key-of-one"`)
	if first.status != http.StatusAccepted || again.status != http.StatusAccepted || first.body != again.body {
		t.Errorf("got %d %s, then %d %s; want the same 202", first.status, first.body, again.status, again.body)
	}
	if got := again.header.Get("Idempotent-Replayed"); got != "true" {
		t.Errorf("got Idempotent-Replayed %q, want true", got)
	}
	if other := post("another-key"); other.status != http.StatusAccepted || other.body == first.body {
		t.Errorf("another key: got %d %s, want an order of its own", other.status, other.body)
	}
	wantProblem(t, "too long a key", post(strings.Repeat("k", 256)), http.StatusBadRequest, "invalid-idempotency-key")
	body.Amount++
	wantProblem(t, "the key with another body", post("a-key-of-one"), http.StatusUnprocessableEntity, "order-clash")
}
