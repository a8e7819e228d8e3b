package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tabletypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// customer is somebody who signed in.
type customer struct {
	id              order.UserID
	access, idToken string
}

// signIn makes a user of the pool, with a row in the users table under the pool's own name for them, and signs them in.
func signIn(t *testing.T, email string) customer {
	t.Helper()
	const password = "Orderflow-e2e-1"
	pool := cognitoidentityprovider.NewFromConfig(world.Config)
	made, err := pool.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{
		UserPoolId: &world.Stack.UserPoolID, Username: &email, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.AdminSetUserPassword(t.Context(), &cognitoidentityprovider.AdminSetUserPasswordInput{
		UserPoolId: &world.Stack.UserPoolID, Username: &email, Password: aws.String(password), Permanent: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := pool.AdminInitiateAuth(t.Context(), &cognitoidentityprovider.AdminInitiateAuthInput{
		UserPoolId: &world.Stack.UserPoolID, ClientId: &world.Stack.CustomerClientID,
		AuthFlow:       types.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": email, "PASSWORD": password},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := customer{access: *signedIn.AuthenticationResult.AccessToken, idToken: *signedIn.AuthenticationResult.IdToken}
	for _, a := range made.User.Attributes {
		if *a.Name == "sub" {
			c.id = order.UserID(*a.Value)
		}
	}
	if c.id == "" {
		t.Fatal("the pool gave its user no sub")
	}
	row := user.User{ID: c.id, Status: user.Active, Email: email, Name: "Customer", Customer: "cus_e2e", PaymentMethod: "pm_card_visa"}
	if err := world.users.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyThoseConcernedSeeAnOrder(t *testing.T) {
	explain(t)
	owner, other := signIn(t, "owner@example.com"), signIn(t, "other@example.com")
	id := ids(t, 1)[0]
	place(t, placed{OrderID: id, UserID: owner.id, Amount: 1999, Currency: "USD"})
	reaches(t, order.Paid, id)
	path := "/orders/" + string(id)

	for name, token := range map[string]string{"the shop that placed it": world.shop, "its owner": owner.access} {
		if s, status := show(t, token, id); status != http.StatusOK || s.Status != order.Paid {
			t.Errorf("%s: got %d %+v, want the paid order", name, status, s)
		}
	}
	foreign := call(t, other.access, http.MethodGet, path, "")
	unknown := call(t, other.access, http.MethodGet, "/orders/no-such-order", "")
	if foreign.status != http.StatusNotFound || unknown.status != http.StatusNotFound {
		t.Errorf("got %d for a foreign and %d for an unknown order, want 404", foreign.status, unknown.status)
	}
	if diff := cmp.Diff(foreign.body, unknown.body); diff != "" {
		t.Errorf("the answers tell a foreign order from an unknown one (-foreign +unknown)\n%s", diff)
	}
	for name, token := range map[string]string{
		"no token": "", "a forged token": world.shop[:len(world.shop)-4] + "AAAA", "a token of nothing": "x.y.z",
	} {
		if got := call(t, token, http.MethodGet, path, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", name, got.status)
		}
	}
	if got := call(t, owner.idToken, http.MethodGet, path, ""); got.status != http.StatusForbidden {
		t.Errorf("an identity token: got %d, want 403", got.status)
	}
	if got := call(t, owner.access, http.MethodPost, "/orders", placed{OrderID: "by-customer", UserID: owner.id, Amount: 1, Currency: "USD"}.json(t)); got.status != http.StatusForbidden {
		t.Errorf("a customer's POST: got %d, want 403", got.status)
	}
}

func TestACustomerPagesThroughTheirOwnOrdersNewestFirst(t *testing.T) {
	explain(t)
	owner, other := signIn(t, "pager@example.com"), signIn(t, "neighbour@example.com")
	all := ids(t, 5)
	for _, id := range all {
		place(t, placed{OrderID: id, UserID: owner.id, Amount: 1999, Currency: "USD"})
	}
	place(t, placed{OrderID: all[0] + "x", UserID: other.id, Amount: 1999, Currency: "USD"})

	var seen []order.ID
	late := all[0] + "-late"
	for path := "/orders?limit=2"; ; {
		got := call(t, owner.access, http.MethodGet, path, "")
		var page struct {
			Orders     []shown `json:"orders"`
			NextCursor string  `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != http.StatusOK || len(page.Orders) > 2 {
			t.Fatalf("got %d %s, %v; want a page of at most two", got.status, got.body, err)
		}
		for _, o := range page.Orders {
			seen = append(seen, o.OrderID)
		}
		if page.NextCursor == "" {
			break
		}
		// An order that comes in meanwhile stands before the first page; it moves nothing from one page to another.
		place(t, placed{OrderID: late, UserID: owner.id, Amount: 1999, Currency: "USD"})
		path = "/orders?limit=2&cursor=" + page.NextCursor
		if stolen := call(t, other.access, http.MethodGet, path, ""); stolen.status != http.StatusBadRequest {
			t.Errorf("another customer's cursor: got %d, want 400", stolen.status)
		}
	}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	if diff := cmp.Diff(newest, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := call(t, owner.access, http.MethodGet, "/orders?limit=1", ""); !strings.Contains(got.body, string(late)) {
		t.Errorf("got %d %s, want the order that came last", got.status, got.body)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=x", "cursor="} {
		wantProblem(t, query, call(t, owner.access, http.MethodGet, "/orders?"+query, ""), http.StatusBadRequest, "invalid-parameter")
	}
	if got := call(t, world.shop, http.MethodGet, "/orders", ""); got.status != http.StatusForbidden {
		t.Errorf("a shop's list: got %d, want 403", got.status)
	}
}

func TestAskingAgainGetsTheSameAnswer(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	body := placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"}
	first := call(t, world.shop, http.MethodPost, "/orders", body.json(t))
	reaches(t, order.Paid, id)
	again := call(t, world.shop, http.MethodPost, "/orders", " "+body.json(t))
	if first.status != http.StatusAccepted || again.status != http.StatusAccepted || first.body != again.body {
		t.Errorf("got %d %s, then %d %s; want the same 202", first.status, first.body, again.status, again.body)
	}
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got Idempotent-Replayed %q, then %q; want none, then true", first.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
	}
	if got, want := first.header.Get("Location"), "/orders/"+string(id); got != want {
		t.Errorf("got Location %q, want %q", got, want)
	}
	body.Amount++
	clash := call(t, world.shop, http.MethodPost, "/orders", body.json(t))
	wantProblem(t, "another body", clash, http.StatusUnprocessableEntity, "order-clash")
	if strings.Contains(clash.body, "1999") {
		t.Errorf("got %s, want nothing of the other order", clash.body)
	}
}

func TestFiftyAtOnceWithOneKeyMakeOneOrder(t *testing.T) {
	explain(t)
	body := placed{UserID: "kim", Amount: 4321, Currency: "USD"}.json(t)
	var (
		mu      sync.Mutex
		answers = map[string]int{}
		fresh   int
	)
	sideBySide(50, func(int) {
		got := call(t, world.shop, http.MethodPost, "/orders", body, "Idempotency-Key", "fifty-at-once")
		mu.Lock()
		defer mu.Unlock()
		answers[got.body]++
		if got.status != http.StatusAccepted {
			t.Errorf("got %d %s, want 202", got.status, got.body)
		}
		if got.header.Get("Idempotent-Replayed") == "" {
			fresh++
		}
	})
	if len(answers) != 1 || fresh > 1 {
		t.Fatalf("got %d different answers and %d of them fresh, want one of each: %v", len(answers), fresh, answers)
	}
	var made shown
	for text := range answers {
		if err := json.Unmarshal([]byte(text), &made); err != nil {
			t.Fatal(err)
		}
	}
	paid := reaches(t, order.Paid, made.OrderID)[made.OrderID]
	mailed(t, made.OrderID)
	atRest(t)
	if paid.Version != 2 || len(paid.History) != 2 {
		t.Errorf("got version %d with %d entries, want one order that went from RECORDED to PAID", paid.Version, len(paid.History))
	}
	if n, total := charges(t, made.OrderID); n != 1 || total != 4321 {
		t.Errorf("got %d charges of %d, want one of 4321", n, total)
	}
	if n := len(mailsAbout(t, made.OrderID)[made.OrderID]); n != 1 {
		t.Errorf("got %d mails, want one", n)
	}
}

// wantProblem checks an answer that refuses something, and returns the pointers of its errors.
func wantProblem(t *testing.T, what string, got answer, status int, name string) []string {
	t.Helper()
	var p struct {
		Type   string `json:"type"`
		Status int    `json:"status"`
		Title  string `json:"title"`
		Errors []struct {
			Pointer string `json:"pointer"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	err := json.Unmarshal([]byte(got.body), &p)
	if err != nil || got.status != status || p.Status != status || p.Type != "urn:orderflow:problem:"+name || p.Title == "" {
		t.Errorf("%s: got %d %s, want %d %s", what, got.status, got.body, status, name)
	}
	if ct := got.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
		t.Errorf("%s: got content type %s", what, ct)
	}
	var pointers []string
	for _, e := range p.Errors {
		pointers = append(pointers, e.Pointer)
	}
	return pointers
}

func TestABadBodyIsRefusedByNameAndNothingIsStored(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	good := placed{
		OrderID: id, UserID: "kim", Amount: 2000, Currency: "USD",
		Items: []order.Item{{SKU: "A", Quantity: 2, UnitAmount: 1000}},
	}.json(t)
	but := func(old, replacement string) string {
		text := strings.Replace(good, old, replacement, 1)
		if text == good {
			t.Fatalf("%s is not in %s", old, good)
		}
		return text
	}
	items := `[` + strings.TrimSuffix(strings.Repeat(`{"sku":"A","quantity":999999,"unit_amount":99999999},`, order.MaxItems), ",") + `]`
	before := storedOrders(t)
	cases := []struct {
		name, body string
		status     int
		problem    string
		pointer    string
	}{
		{"null", "null", 422, "invalid-order", ""},
		{"no JSON", "amount=1", 400, "malformed-body", ""},
		{"a byte order mark", "\ufeff" + good, 400, "malformed-body", ""},
		{"a doubled name", but(`"amount":2000`, `"amount":1,"amount":2000`), 400, "malformed-body", "/amount"},
		{"text behind", good + good, 400, "malformed-body", ""},
		{"deep nesting", strings.Repeat("[", 20000), 400, "malformed-body", ""},
		{"a megabyte", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "body-too-large", ""},
		{"another case", but(`"amount":`, `"AMOUNT":`), 422, "invalid-order", "/AMOUNT"},
		{"a misspelt name", but(`"amount":2000`, `"amount":2000,"payment_methd":"pm_1"`), 422, "invalid-order", "/payment_methd"},
		{"a fraction of zero", but(`"amount":2000`, `"amount":2000.0`), 422, "invalid-order", "/amount"},
		{"a huge exponent", but(`"amount":2000`, `"amount":1e400`), 422, "invalid-order", "/amount"},
		{"no amount", but(`"amount":2000,`, ``), 422, "invalid-order", "/amount"},
		{"nine digits", but(`"amount":2000`, `"amount":100000000`), 422, "invalid-order", "/amount"},
		{"a sum that is another", but(`"amount":2000`, `"amount":2001`), 422, "invalid-order", "/amount"},
		{"a number as text", but(`"amount":2000`, `"amount":"2000"`), 422, "invalid-order", "/amount"},
		{"more than 64 bits", but(`"amount":2000`, `"amount":9223372036854775808`), 422, "invalid-order", "/amount"},
		{"a sum that overflows", but(`[{"sku":"A","quantity":2,"unit_amount":1000}]`, items), 422, "invalid-order", "/items"},
		{"a price that overflows", but(`"unit_amount":1000`, `"unit_amount":9223372036854775807`), 422, "invalid-order", "/items/0/unit_amount"},
		{"an id's name in another case", but(`"order_id":`, `"Order_ID":`), 422, "invalid-order", "/Order_ID"},
		{"no quantity", but(`"quantity":2`, `"quantity":0`), 422, "invalid-order", "/items/0/quantity"},
		{"a negative quantity", but(`"quantity":2`, `"quantity":-1`), 422, "invalid-order", "/items/0/quantity"},
		{"a broken quantity", but(`"quantity":2`, `"quantity":1.5`), 422, "invalid-order", "/items/0/quantity"},
		{"a billion", but(`"quantity":2`, `"quantity":1000000000`), 422, "invalid-order", "/items/0/quantity"},
		{"a negative price", but(`"unit_amount":1000`, `"unit_amount":-1000`), 422, "invalid-order", "/items/0/unit_amount"},
		{"lower case", but(`"USD"`, `"usd"`), 422, "invalid-order", "/currency"},
		{"gold", but(`"USD"`, `"XAU"`), 422, "invalid-order", "/currency"},
		{"an id with a slash", but(`"order_id":"`, `"order_id":"a/`), 422, "invalid-order", "/order_id"},
		{"neither id nor key", but(`"order_id":"`+string(id)+`",`, ``), 400, "no-order-id", ""},
	}
	for _, c := range cases {
		pointers := wantProblem(t, c.name, call(t, world.shop, http.MethodPost, "/orders", c.body), c.status, c.problem)
		if c.pointer != "" && !slices.Contains(pointers, c.pointer) {
			t.Errorf("%s: got errors at %v, want one at %s", c.name, pointers, c.pointer)
		}
	}
	wantProblem(t, "no body", call(t, world.shop, http.MethodPost, "/orders", "", "Content-Type", "application/json"), 400, "malformed-body")
	wantProblem(t, "another content type", call(t, world.shop, http.MethodPost, "/orders", good, "Content-Type", "text/plain"), 415, "unsupported-media-type")
	if after := storedOrders(t); after != before {
		t.Errorf("got %d orders stored, want %d as before", after, before)
	}
}

// storedOrders counts the orders in the table.
func storedOrders(t *testing.T) int {
	t.Helper()
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(world.Config), &dynamodb.ScanInput{
		TableName: &world.Stack.OrdersTable, Select: tabletypes.SelectCount, ConsistentRead: aws.Bool(true),
	})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += int(page.Count)
	}
	return n
}
