package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/local"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/user"
)

const (
	root     = "../.."
	patience = 60 * time.Second
	interval = 100 * time.Millisecond
)

// world is the one deploy that all tests share.
var world struct {
	*local.Run
	sandbox  *stripesandbox.Sandbox
	webhook  stripesandbox.WebhookEndpoint
	orders   *dynamo.Orders
	payments *dynamo.Payments
	users    *dynamo.Users
	queues   *sqs.Client
	shop     string // access token
	command  string // path of the built orderflow
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "orderflow-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if world.command, err = buildCommand(ctx, dir); err != nil {
		return 0, err
	}
	world.sandbox = stripesandbox.New(stripesandbox.Options{})
	defer world.sandbox.Close()
	world.Run, err = local.Start(ctx, local.Options{Root: root, Auth: true, Provider: world.sandbox, Webhooks: subscribe})
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := world.Close(); err == nil {
			err = closed
		}
	}()
	tables := dynamo.Tables{
		Orders: world.Stack.OrdersTable, Users: world.Stack.UsersTable,
		Payments: world.Stack.PaymentsTable, Notifications: world.Stack.NotificationsTable,
	}
	db := dynamodb.NewFromConfig(world.Config)
	world.orders, world.payments, world.users = dynamo.NewOrders(db, tables), dynamo.NewPayments(db, tables), dynamo.NewUsers(db, tables)
	world.queues = sqs.NewFromConfig(world.Config)
	if world.shop, err = shopToken(ctx); err != nil {
		return 0, err
	}
	if err := world.users.PutMany(ctx, people); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// subscribe has the provider send its webhooks to the deploy.
func subscribe(url, secret string) error {
	world.webhook = stripesandbox.WebhookEndpoint{URL: url, Secrets: []string{secret}, Types: stripe.WebhookTypes()}
	return world.sandbox.SetWebhook(world.webhook)
}

// people are the users that the tests' orders are for.
var people = []user.User{
	{ID: "kim", Status: user.Active, Email: "kim@example.com", Name: "Kim", Locale: "en", Customer: "cus_kim", PaymentMethod: "pm_card_visa"},
	{ID: "wang", Status: user.Active, Email: "wang@example.com", Name: "王小明", Locale: "zh-CN", Customer: "cus_wang", PaymentMethod: "pm_card_visa"},
	{ID: "poor", Status: user.Active, Email: "poor@example.com", Name: "Poor", Locale: "en", Customer: "cus_poor", PaymentMethod: "pm_card_chargeDeclinedInsufficientFunds"},
	{ID: "blocked", Status: user.Blocked, Email: "blocked@example.com", Name: "Blocked", Locale: "en", Customer: "cus_blocked", PaymentMethod: "pm_card_visa"},
	{ID: "cardless", Status: user.Active, Email: "cardless@example.com", Name: "Cardless", Locale: "en", Customer: "cus_cardless"},
}

func shopToken(ctx context.Context) (string, error) {
	client, err := cognitoidentityprovider.NewFromConfig(world.Config).DescribeUserPoolClient(ctx,
		&cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: &world.Stack.UserPoolID, ClientId: &world.Stack.ShopClientID})
	if err != nil {
		return "", fmt.Errorf("describe shop client: %w", err)
	}
	return clientToken(ctx, world.Stack.ShopClientID, aws.ToString(client.UserPoolClient.ClientSecret))
}

// clientToken returns an access token with a shop's scope for a client of the pool.
func clientToken(ctx context.Context, id, secret string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"orderflow/shop"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, world.Stack.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := fetch(request, &answer); err != nil {
		return "", fmt.Errorf("get shop token: %w", err)
	}
	return answer.AccessToken, nil
}

// fetch sends a request that has to succeed and reads the JSON in its answer.
func fetch(request *http.Request, into any) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", request.URL.Path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   string
}

// call calls the API with the given token; headers come in pairs of name and value.
func call(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, world.Stack.APIURL+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// placed is an order as a test places it. The zero values of all but ID are filled in by place.
type placed struct {
	OrderID       order.ID     `json:"order_id,omitempty"`
	UserID        order.UserID `json:"user_id"`
	Amount        int64        `json:"amount"`
	Currency      string       `json:"currency"`
	Items         []order.Item `json:"items,omitempty"`
	PaymentMethod string       `json:"payment_method,omitempty"`
}

func (p placed) json(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// place posts an order with a shop's token and ends the test unless it is accepted.
func place(t *testing.T, p placed) {
	t.Helper()
	if got := call(t, world.shop, http.MethodPost, "/orders", p.json(t)); got.status != http.StatusAccepted {
		t.Fatalf("POST /orders answered %d: %s", got.status, got.body)
	}
}

// ids returns n order ids of the test's own.
func ids(t *testing.T, n int) []order.ID {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
	out := make([]order.ID, n)
	for i := range out {
		out[i] = order.ID(name[:min(len(name), 56)] + "-" + strconv.Itoa(i))
	}
	return out
}

// eventually waits until check is satisfied, and ends the test with what it said last where it never is.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", patience, err)
		}
		pause(t, interval)
	}
}

// pause waits for real time to pass: what is waited for goes on in other processes.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// reaches waits until all orders have the status and returns them.
func reaches(t *testing.T, status order.Status, ids ...order.ID) map[order.ID]order.Order {
	t.Helper()
	var found map[order.ID]order.Order
	eventually(t, func() error {
		var err error
		if found, err = world.orders.GetMany(t.Context(), ids); err != nil {
			return err
		}
		counts := map[order.Status]int{}
		for _, o := range found {
			counts[o.Status]++
		}
		if counts[status] != len(ids) {
			return fmt.Errorf("got %v, want %d orders %s", counts, len(ids), status)
		}
		return nil
	})
	return found
}

// atRest waits until no queue of a stage holds a message, and none did a moment ago.
func atRest(t *testing.T) {
	t.Helper()
	const rounds = 5
	quiet := 0
	eventually(t, func() error {
		for _, key := range slices.Sorted(maps.Keys(world.Queues)) {
			url := world.Queues[key].URL
			if url == "" {
				continue
			}
			if n := depth(t, url); n > 0 {
				quiet = 0
				return fmt.Errorf("%s still has %d messages", key, n)
			}
		}
		if quiet++; quiet < rounds {
			return fmt.Errorf("quiet for only %d looks", quiet)
		}
		return nil
	})
}

// depth returns how many messages a queue holds, those in flight and those delayed included.
func depth(t *testing.T, queueURL string) int {
	t.Helper()
	out, err := world.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &queueURL,
		AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages,
			types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, text := range out.Attributes {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

// mail is a mail as the emulator took it.
type mail struct {
	From    string   `json:"Source"`
	To      []string `json:"To"`
	Subject string   `json:"Subject"`
	Text    string   `json:"BodyText"`
	HTML    string   `json:"BodyHtml"`
}

// mailsAbout returns the mails that name an order, by order.
func mailsAbout(t *testing.T, ids ...order.ID) map[order.ID][]mail {
	t.Helper()
	about := map[order.ID][]mail{}
	for _, m := range box(t) {
		for _, id := range ids {
			if names(m.Text, id) {
				about[id] = append(about[id], m)
			}
		}
	}
	return about
}

// names reports whether text names id as a whole word, and not merely an id that begins with it.
func names(text string, id order.ID) bool {
	for i := strings.Index(text, string(id)); i >= 0; {
		rest := text[i+len(id):]
		if rest == "" || !strings.ContainsAny(rest[:1], "0123456789") {
			return true
		}
		next := strings.Index(rest, string(id))
		if next < 0 {
			return false
		}
		i += len(id) + next
	}
	return false
}

// mailed waits until each order has its mail, and returns all of them.
func mailed(t *testing.T, ids ...order.ID) map[order.ID][]mail {
	t.Helper()
	var about map[order.ID][]mail
	eventually(t, func() error {
		about = mailsAbout(t, ids...)
		if len(about) < len(ids) {
			return fmt.Errorf("%d of %d orders have a mail", len(about), len(ids))
		}
		return nil
	})
	return about
}

// charges returns how many times the provider captured money for an order, and how much in all, in minor units.
func charges(t *testing.T, id order.ID) (captures int, total int64) {
	t.Helper()
	lines := world.sandbox.Ledger().Order(string(id))
	for _, s := range lines.Captured {
		captures += s.Captures
		total += s.Minor
	}
	return captures, total
}

func paymentRow(t *testing.T, id order.ID) payment.Row {
	t.Helper()
	row, err := world.payments.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// sideBySide calls do for 0 to n-1, ten at a time.
func sideBySide(n int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 10)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wg.Wait()
}
