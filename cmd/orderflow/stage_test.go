package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// at is when everything happens.
var at = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// stage answers as a deployed stage's endpoints do: CloudFormation, DynamoDB, Cognito, EventBridge, the API and the provider's sandbox.
// An order is settled as soon as it is placed.
type stage struct {
	mu        sync.Mutex
	url       string
	users     map[string]string // status by id
	accounts  map[string]string // subject by e-mail address
	orders    map[order.ID]order.Order
	mails     map[order.ID]bool
	captured  map[order.ID]int64
	published []string // details

	executions []string // inputs of the saga's
	rejectBus  bool
	stay       bool             // orders stay RECORDED
	saga       bool             // what becomes CANCELLING is closed at once
	asked      map[order.ID]int // looks at an order since its cancellation was asked for

	payments map[order.ID]payment.Row
	runs     []sagaRun // executions of the saga, newest first
	looks    int       // at one of them
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		users: map[string]string{}, accounts: map[string]string{}, orders: map[order.ID]order.Order{},
		mails: map[order.ID]bool{}, captured: map[order.ID]int64{}, asked: map[order.ID]int{},
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	const apiPath = "/_aws/execute-api/api/$default/orders"
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(target, "AWSStepFunctions.") && !strings.HasSuffix(target, ".StartExecution"):
		s.tellRuns(w, target, body)
	case target != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		reply(w, http.StatusOK, s.call(target[strings.LastIndex(target, ".")+1:], body))
	case r.URL.Path == "/oauth2/token":
		reply(w, http.StatusOK, map[string]any{"access_token": "shop-token", "expires_in": 3600})
	case r.URL.Path == "/_sandbox/ledger":
		reply(w, http.StatusOK, s.ledger())
	case r.URL.Path == apiPath:
		s.place(w, r, body)
	case strings.HasSuffix(r.URL.Path, "/cancellation"):
		s.cancel(w, order.ID(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, apiPath+"/"), "/cancellation")))
	case strings.HasPrefix(r.URL.Path, apiPath+"/"):
		s.show(w, order.ID(strings.TrimPrefix(r.URL.Path, apiPath+"/")))
	default:
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, s.stack())
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func (s *stage) stack() string {
	var b strings.Builder
	for _, name := range []string{
		"Stage", "ApiUrl", "TokenUrl", "BusName", "OrdersTable", "UsersTable", "PaymentsTable", "NotificationsTable",
		"UserPoolId", "ShopClientId", "CustomerClientId", "MailSender", "SagaArn", "StripeSecretArn",
	} {
		fmt.Fprintf(&b, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, name)
	}
	fmt.Fprintf(&b, "<member><OutputKey>ApiId</OutputKey><OutputValue>api</OutputValue></member>")
	fmt.Fprintf(&b, "<member><OutputKey>StripeBaseUrl</OutputKey><OutputValue>%s</OutputValue></member>", s.url)
	return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><StackStatus>CREATE_COMPLETE</StackStatus>` +
		`<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>` + b.String() + `</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
}

// request is what the calls of all services have in them that is looked at.
type request struct {
	RequestItems   json.RawMessage
	Entries        []struct{ Detail string }
	Username       string
	AuthParameters map[string]string
	TableName      string
	Key            map[string]attribute
	Input          string // of an execution

	ExpressionAttributeValues map[string]attribute
}

func (s *stage) call(operation string, body []byte) any {
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	switch operation {
	case "UpdateItem":
		s.users[in.Key["user_id"].S] = in.ExpressionAttributeValues[":status"].S
		return map[string]any{}
	case "GetItem":
		if in.TableName == "UsersTable" {
			return s.getUser(in.Key["user_id"].S)
		}
		if m := s.row(in.TableName, order.ID(in.Key["order_id"].S)); m != nil {
			return map[string]any{"Item": wire(&types.AttributeValueMemberM{Value: m}).(map[string]any)["M"]}
		}
		return map[string]any{}
	case "StartExecution":
		s.executions = append(s.executions, in.Input)
		return map[string]any{"executionArn": "arn:execution", "startDate": 1}
	case "Query":
		return s.openOrders(in)
	case "Scan":
		return s.allOrders()
	case "DescribeTable":
		return map[string]any{"Table": map[string]any{"ItemCount": len(s.orders), "TableSizeBytes": 8192 * len(s.orders)}}
	case "BatchGetItem":
		return s.getRows(in.RequestItems)
	case "PutEvents":
		return s.putEvents(in)
	case "DescribeUserPoolClient":
		return map[string]any{"UserPoolClient": map[string]any{"ClientSecret": "secret"}}
	case "AdminCreateUser":
		s.accounts[in.Username] = fmt.Sprint("subject-", len(s.accounts)+1)
		return map[string]any{"User": map[string]any{"Attributes": []any{map[string]any{"Name": "sub", "Value": s.accounts[in.Username]}}}}
	case "AdminSetUserPassword":
		return map[string]any{}
	case "InitiateAuth":
		return map[string]any{"AuthenticationResult": map[string]any{"AccessToken": "token of " + s.accounts[in.AuthParameters["USERNAME"]]}}
	}
	panic("the stage does not know " + operation)
}

func (s *stage) putEvents(in request) any {
	entries := make([]map[string]any, len(in.Entries))
	for i, e := range in.Entries {
		if s.rejectBus {
			entries[i] = map[string]any{"ErrorCode": "InternalFailure"}
			continue
		}
		s.published = append(s.published, e.Detail)
		entries[i] = map[string]any{"EventId": "e"}
	}
	return map[string]any{"Entries": entries}
}

type attribute struct{ S string }

func (s *stage) getRows(raw json.RawMessage) any {
	var tables map[string]struct{ Keys []map[string]attribute }
	if err := json.Unmarshal(raw, &tables); err != nil {
		panic(err)
	}
	found := map[string][]any{}
	for table, get := range tables {
		for _, key := range get.Keys {
			if m := s.row(table, order.ID(key["order_id"].S)); m != nil {
				found[table] = append(found[table], wire(&types.AttributeValueMemberM{Value: m}).(map[string]any)["M"])
			}
		}
	}
	return map[string]any{"Responses": found}
}

func (s *stage) row(table string, id order.ID) item.Map {
	o, there := s.orders[id]
	switch {
	case there && table == "OrdersTable":
		o, _ = s.looked(id)
		return item.FromOrder(o)
	case table == "PaymentsTable" && s.payments[id].Exists():
		return item.FromPayment(s.payments[id])
	case s.mails[id] && table == "NotificationsTable":
		return item.FromEntry(item.Entry{
			Claim:  notification.Claim{OrderID: id, Channel: notification.Email, Version: o.Version, Until: at, Holder: "h"},
			Result: notification.Sent, SettledAt: at,
		})
	}
	return nil
}

// wire is v as DynamoDB's JSON has it.
func wire(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i := range list {
			list[i] = wire(v.Value[i])
		}
		return map[string]any{"L": list}
	case *types.AttributeValueMemberM:
		m := map[string]any{}
		for name, value := range v.Value {
			m[name] = wire(value)
		}
		return map[string]any{"M": m}
	}
	panic(fmt.Sprintf("no wire form of %T", v))
}

func (s *stage) place(w http.ResponseWriter, r *http.Request, body []byte) {
	var p api.PlaceOrder
	if err := json.Unmarshal(body, &p); err != nil || r.Header.Get("Authorization") != "Bearer shop-token" {
		reply(w, http.StatusForbidden, map[string]any{"title": "Forbidden"})
		return
	}
	if p.Amount < 0 {
		reply(w, http.StatusUnprocessableEntity, api.Error{Title: "Invalid order", Detail: "\x1b[2J"})
		return
	}
	if _, there := s.orders[p.OrderID]; there {
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		s.settle(order.New(order.Order{
			ID: p.OrderID, UserID: p.UserID, Amount: p.Amount, Currency: p.Currency, Items: p.Items,
			PaymentMethod: p.PaymentMethod, PlacedBy: "shop", PayloadHash: "hash",
		}, at))
	}
	reply(w, http.StatusAccepted, map[string]any{"order_id": p.OrderID, "status": order.Recorded})
}

func (s *stage) settle(o order.Order) {
	fact := order.Fact{Kind: order.PaymentProcessed, Cause: "c", Amount: o.Amount, Currency: o.Currency}
	switch status, known := s.users[string(o.UserID)]; {
	case !known:
		fact = order.Fact{Kind: order.OrderRejected, Cause: "c", Reason: order.UnknownUser}
	case status == "BLOCKED":
		fact = order.Fact{Kind: order.OrderRejected, Cause: "c", Reason: order.BlockedUser}
	case strings.Contains(o.PaymentMethod, "Declined") && o.Amount > 0:
		fact = order.Fact{Kind: order.PaymentFailed, Cause: "c", Reason: order.CardDeclined}
	case !s.stay:
		s.captured[o.ID] = o.Amount
		s.mails[o.ID] = true
	}
	d, err := order.Apply(o, fact, at.Add(310*time.Millisecond))
	if err != nil {
		panic(err)
	}
	if !s.stay {
		o = o.With(d.Change)
	}
	if s.saga && o.Status == order.Cancelling {
		o = unpaid(o)
		s.mails[o.ID] = true
	}
	s.orders[o.ID] = o
}

func (s *stage) show(w http.ResponseWriter, id order.ID) {
	o, there := s.looked(id)
	if !there {
		reply(w, http.StatusNotFound, map[string]any{"title": "Not found"})
		return
	}
	view := api.Order{
		ID: o.ID, UserID: o.UserID, Status: o.Status, Version: o.Version, Reason: o.Reason,
		Amount: o.Amount, Currency: o.Currency, Items: o.Items, RecordedAt: o.RecordedAt,
	}
	for _, c := range o.History {
		view.History = append(view.History, api.Change{Version: c.Version, Status: c.Status, Reason: c.Reason, At: c.At})
	}
	reply(w, http.StatusOK, view)
}

// has reports whether an order was placed.
func (s *stage) has(id order.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.orders[id]
	return there
}
