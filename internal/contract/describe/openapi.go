package describe

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/schemas"
)

const openDescription = `Places, shows and cancels orders.

An amount is an integer in the currency's ISO 4217 minor unit. Every error of the API is a problem document (RFC 9457) whose type never changes its
meaning; what the gateway itself refuses is an object with nothing but a message. Every answer has Cache-Control no-store. Clients pass over members that
they do not know.`

func openAPI() ([]byte, error) {
	doc := openDocument{
		OpenAPI: "3.1.0",
		Info:    info{"orderflow API", version, openDescription},
		Servers: []server{{"https://orderflow.example", "The stack's output ApiUrl is the address."}},
		Tags: []tag{
			{"orders", "Orders, for shops and customers."},
			{"payments", "For the payment provider."},
		},
		Paths:      map[string]map[string]operation{},
		Components: components{SecuritySchemes: securitySchemes()},
	}
	var err error
	if doc.Components.Schemas, err = apiSchemas(); err != nil {
		return nil, err
	}
	for _, o := range operations() {
		method, path, _ := strings.Cut(o.route, " ")
		if doc.Paths[path] == nil {
			doc.Paths[path] = map[string]operation{}
		}
		doc.Paths[path][strings.ToLower(method)] = o.document()
	}
	return write(doc)
}

func securitySchemes() map[string]securityScheme {
	return map[string]securityScheme{
		"shop": {
			Type: "oauth2", Description: "A shop's back end, by client credentials of the stack's user pool. The stack's output TokenUrl is the address.",
			Flows: &flows{clientCredentials{"https://orderflow.example/oauth2/token", map[string]string{
				httpapi.ShopScope: "place orders, and show and cancel what was placed",
			}}},
		},
		"customer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A customer's access token of the stack's user pool. An identity token does not do."},
	}
}

// apiSchemas returns the schemas of the bodies and of all that they refer to.
func apiSchemas() (map[string]*yaml.Node, error) {
	found, err := definitions(draft2020)
	if err != nil {
		return nil, err
	}
	body, err := component(schemas.PlaceOrder, draft2020)
	if err != nil {
		return nil, err
	}
	found["PlaceOrder"] = body
	more, err := answers()
	if err != nil {
		return nil, err
	}
	for name, schema := range more {
		if _, taken := found[name]; taken {
			return nil, fmt.Errorf("two schemas are called %s", name)
		}
		found[name] = schema
	}
	return found, nil
}

// placeOrderExamples are the bodies that the schema's folder shows, but for those that are there for their bounds.
func placeOrderExamples() map[string]exampleOne {
	shown := map[string]exampleOne{}
	for _, ex := range schemas.Examples(schemas.PlaceOrder, schemas.Valid) {
		if ex.Name != "full" && ex.Name != "minimal" {
			continue
		}
		if node, err := parse(ex.Text); err == nil { // the tests of the schemas read them all
			shown[ex.Name] = exampleOne{plain(node)}
		}
	}
	return shown
}

func (o op) document() operation {
	d := operation{
		OperationID: o.id, Tags: []string{"orders"}, Summary: o.summary, Description: o.description,
		Security: o.security(), Parameters: o.parameters, RequestBody: o.body, Responses: map[string]response{},
	}
	if o.access == byTheirProof {
		d.Tags = []string{"payments"}
	}
	for _, s := range o.answers {
		d.Responses[strconv.Itoa(s.status)] = s.document()
	}
	for status, kinds := range o.refusals() {
		d.Responses[strconv.Itoa(status)] = refusal(status, kinds)
	}
	for _, status := range o.gatewayStatuses() {
		key := strconv.Itoa(status)
		r := d.Responses[key]
		r.Description = strings.TrimSpace(r.Description + "\n\nOr the gateway's own: " + gatewayRefusals[status])
		r.Content.JSON = &media{Schema: ref("GatewayMessage")}
		d.Responses[key] = r
	}
	return d
}

func (o op) security() []map[string][]string {
	shop, customer := map[string][]string{"shop": {httpapi.ShopScope}}, map[string][]string{"customer": {}}
	switch o.access {
	case byShop:
		return []map[string][]string{shop}
	case byCustomer:
		return []map[string][]string{customer}
	case byEither:
		return []map[string][]string{shop, customer}
	default:
		return []map[string][]string{}
	}
}

func (s success) document() response {
	r := response{Description: s.description, Headers: map[string]header{}, Content: content{JSON: &media{Schema: ref(s.schema)}}}
	for _, name := range s.headers {
		h := headersOf[name]
		h.Required = true
		r.Headers[name] = h
	}
	for _, name := range s.optional {
		r.Headers[name] = headersOf[name]
	}
	if s.follow {
		byID := map[string]string{"order_id": "$response.body#/order_id"}
		r.Links = map[string]link{"show": {"getOrder", byID}, "cancel": {"cancelOrder", byID}}
	}
	return r
}

// refusals sorts the operation's problems by status.
func (o op) refusals() map[int][]problem.Kind {
	byStatus := map[int][]problem.Kind{}
	for _, k := range problem.Kinds() {
		if slices.Contains(o.problems, k.Type) {
			byStatus[k.Status] = append(byStatus[k.Status], k)
		}
	}
	return byStatus
}

func refusal(status int, kinds []problem.Kind) response {
	var said []string
	may := problemProperties{Status: exact{status}}
	for _, k := range kinds {
		said = append(said, "- `"+k.Type.Name()+"`: "+k.Met)
		may.Type.Enum = append(may.Type.Enum, k.Type)
	}
	r := response{
		Description: strings.Join(said, "\n"),
		Content:     content{Problem: &problemMedia{problemSchema{[]problemPart{{Ref: componentPrefix + "Problem"}, {Properties: &may}}}}},
	}
	if status == http.StatusServiceUnavailable {
		h := headersOf["Retry-After"]
		h.Required = true
		r.Headers = map[string]header{"Retry-After": h}
	}
	return r
}
