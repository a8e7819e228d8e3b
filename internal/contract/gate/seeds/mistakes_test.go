package seeds

import (
	"regexp"
	"slices"
	"strings"
)

// what a mistake asks of whoever looks for it.
type kind int

const (
	inFiles    kind = iota // the gate reads the copy
	inPackage              // the copy is packaged first
	inTemplate             // the template that the checkout makes is edited in place of a file: packaging takes its time
	inCode                 // the gate is built from the copy first
)

// mistake is one edit of one file, and where the gate has to find it.
type mistake struct {
	name string
	kind kind
	file string // of the checkout; none for an edit of the template
	// edit returns the file's new text; nil removes the file.
	edit func(text string) string
	// wantFile and wantPath are of a finding; the path may be a part of it.
	wantFile, wantPath string
}

// put replaces the first old by the new one.
func put(old, by string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, by, 1) }
}

// without takes out a block of a deploy file: the line that begins with name, at any depth, and all lines that stand deeper.
func without(name string) func(string) string {
	block := regexp.MustCompile(`(?m)^( *)` + regexp.QuoteMeta(name) + `.*\n`)
	return func(text string) string {
		at := block.FindStringSubmatchIndex(text)
		if at == nil {
			return text
		}
		rest, depth := text[at[1]:], at[3]-at[2]
		for line := range strings.Lines(rest) {
			if trimmed := strings.TrimLeft(line, " "); trimmed != "\n" && len(line)-len(trimmed) <= depth {
				break
			}
			rest = rest[len(line):]
		}
		return text[:at[0]] + rest
	}
}

const (
	queryUser     = "functions/queryuser/function.yml"
	updateOrder   = "functions/updateorder/function.yml"
	notifyUser    = "functions/notifyuser/function.yml"
	sagaFile      = "functions/closeorder/saga.yml"
	catalog       = "events/catalog.go"
	orderUpdated  = "schemas/OrderUpdated.v1.json"
	definitions   = "schemas/definitions.v1.json"
	invalidStatus = "schemas/examples/OrderUpdated.v1/invalid/enum-status.json"
)

const strayRule = `    StrayRule:
      Type: AWS::Events::Rule
      Properties:
        EventBusName: { Ref: Bus }
        EventPattern: { source: [orderflow.orders], detail-type: [com.orderflow.OrderRecorded.v1] }
        Targets:
          - Id: queue
            Arn: { Fn::GetAtt: [QueryUserQueue, Arn] }
            InputPath: $.detail
            RetryPolicy: { MaximumEventAgeInSeconds: 86400, MaximumRetryAttempts: 185 }
            DeadLetterConfig: { Arn: { Fn::GetAtt: [UndeliverableQueue, Arn] } }

    QueryUserRule:
`

func mistakes() []mistake {
	return slices.Concat(packageMistakes(), templateMistakes(), fileMistakes(), codeMistakes())
}

func packageMistakes() []mistake {
	return []mistake{
		{"misspelt type in a rule", inPackage, updateOrder, put("com.orderflow.PaymentFailed.v1", "com.orderflow.PaymentFaild.v1"), updateOrder, "UpdateOrderRule.EventPattern/detail-type"},
		{"pattern loosened to a prefix", inPackage, queryUser, put("- com.orderflow.OrderRecorded.v1", "- prefix: com.orderflow.Order"), queryUser, "QueryUserRule.EventPattern/detail-type"},
		{"misspelt status in a rule", inPackage, sagaFile, put("status: [CANCELLING]", "status: [CANCELING]"), sagaFile, "SagaRule.EventPattern/detail/data/status"},
		{"rule without consumer", inPackage, queryUser, put("    QueryUserRule:\n", strayRule), queryUser, "StrayRule"},
		{"consumer without rule", inPackage, queryUser, without("QueryUserRule:"), queryUser, "QueryUserRule"},
		{"wrong source in a rule", inPackage, queryUser, put("source: [orderflow.orders]", "source: [orderflow.order]"), queryUser, "QueryUserRule.EventPattern/source"},
		{"environment key misspelt", inPackage, updateOrder, put("ORDERS_TABLE:", "ORDERS_TABEL:"), updateOrder, "UpdateDashorderLambdaFunction.Environment.Variables.ORDERS_TABEL"},
		{"ReportBatchItemFailures missing", inPackage, updateOrder, without("functionResponseType:"), updateOrder, "FunctionResponseTypes"},
		{"visibility too short", inPackage, updateOrder, put("VisibilityTimeout: 60", "VisibilityTimeout: 30"), updateOrder, "UpdateOrderQueue.VisibilityTimeout"},
		{"no dead-letter queue", inPackage, updateOrder, without("RedrivePolicy:"), updateOrder, "UpdateOrderQueue.RedrivePolicy"},
		{"one receive and out", inPackage, updateOrder, put("maxReceiveCount: 20", "maxReceiveCount: 1"), updateOrder, "UpdateOrderQueue.RedrivePolicy.maxReceiveCount"},
		{"queue policy removed", inPackage, updateOrder, without("UpdateOrderQueuePolicy:"), updateOrder, "UpdateOrderQueue"},
		{"InputPath removed", inPackage, updateOrder, without("InputPath:"), updateOrder, "UpdateOrderRule.Targets/0/InputPath"},
	}
}

// in replaces the first old after the resource's name.
func in(resource, old, by string) func(string) string {
	return func(text string) string {
		before, after, _ := strings.Cut(text, `"`+resource+`": {`)
		return before + `"` + resource + `": {` + strings.Replace(after, old, by, 1)
	}
}

func templateMistakes() []mistake {
	const lambda, queue, rule, policy = "UpdateDashorderLambdaFunction", "UpdateOrderQueue", "UpdateOrderRule", "UpdateOrderQueuePolicy"
	return []mistake{
		{"type left out of a rule", inTemplate, "", in(rule, `"com.orderflow.PaymentFailed.v1",`, ""), updateOrder, rule + ".EventPattern/detail-type"},
		{"unknown major version in a rule", inTemplate, "", in(rule, "PaymentFailed.v1", "PaymentFailed.v2"), updateOrder, rule + ".EventPattern/detail-type"},
		{"pattern loosened to any status", inTemplate, "", in("NotifyUserRule", `"status":`, `"reason":`), notifyUser, "NotifyUserRule.EventPattern/detail/data/status"},
		{"pattern narrowed by the account", inTemplate, "", in(rule, `"source":`, `"account": ["000000000000"], "source":`), updateOrder, rule + ".EventPattern/account"},
		{"rule on another bus", inTemplate, "", in(rule, `"Ref": "Bus"`, `"Ref": "OtherBus"`), updateOrder, rule + ".EventBusName"},
		{"environment key missing", inTemplate, "", in(lambda, `"PAYMENTS_TABLE"`, `"PAYMENTS"`), updateOrder, lambda + ".Environment.Variables.PAYMENTS_TABLE"},
		{"function slower than its queue foresees", inTemplate, "", in(lambda, `"Timeout": 10`, `"Timeout": 29`), updateOrder, queue + ".VisibilityTimeout"},
		{"queue policy for another rule", inTemplate, "", in(policy, `"UpdateOrderRule"`, `"NotifyUserRule"`), updateOrder, policy + ".PolicyDocument"},
		{"queue open to another service", inTemplate, "", in(policy, "events.amazonaws.com", "sns.amazonaws.com"), updateOrder, policy + ".PolicyDocument"},
		{"dead letters forgotten too early", inTemplate, "", in("UpdateOrderDeadLetterQueue", "1209600", "345600"), updateOrder, "UpdateOrderDeadLetterQueue.MessageRetentionPeriod"},
		{"undeliverable events lost", inTemplate, "", in(rule, `"DeadLetterConfig"`, `"DeadLetters"`), updateOrder, rule + ".Targets/0/DeadLetterConfig"},
		{"deliveries not repeated", inTemplate, "", in(rule, `"RetryPolicy"`, `"Retries"`), updateOrder, rule + ".Targets/0/RetryPolicy"},
		{"batches too small", inTemplate, "", in("UpdateDashorderEventSourceMappingSQSUpdateOrderQueue", `"BatchSize": 10`, `"BatchSize": 1`), updateOrder, "BatchSize"},
		{"two queues with one dead-letter queue", inTemplate, "", in(queue, `"UpdateOrderDeadLetterQueue"`, `"NotifyUserDeadLetterQueue"`), updateOrder, queue + ".RedrivePolicy.deadLetterTargetArn"},
	}
}

func fileMistakes() []mistake {
	return []mistake{
		{"tag changed in a Go type", inFiles, "events/data.go", put("`json:\"recorded_at\"`", "`json:\"recordedAt\"`"), "events/data.go", "OrderRecorded.RecordedAt"},
		{"tag of a required field made optional", inFiles, "events/data.go", put("`json:\"processed_at\"`", "`json:\"processed_at,omitzero\"`"), "events/data.go", "PaymentProcessed.ProcessedAt"},
		{"tag changed in a line of an order", inFiles, "internal/order/order.go", put(`json:"unit_amount"`, `json:"price"`), "internal/order/order.go", "Item"},
		{"name of a variable changed in Go", inFiles, "internal/wiring/wiring.go", put(`"PAYMENTS_TABLE"`, `"PAYMENT_TABLE"`), updateOrder, "UpdateDashorderLambdaFunction.Environment.Variables.PAYMENT_TABLE"},
		{"schema type changed", inFiles, definitions, put(`"type": "integer"`, `"type": "string"`), definitions, "/$defs/amount/type"},
		{"required added", inFiles, orderUpdated, put(`"order_id",`, `"order_id", "reason",`), orderUpdated, "/required"},
		{"enum narrowed", inFiles, definitions, put(`"REFUNDED",`, ``), definitions, "/$defs/status/enum"},
		{"property removed", inFiles, orderUpdated, dropReason, orderUpdated, "/properties/reason"},
		{"minor not raised", inFiles, orderUpdated, put(`"properties": {`, `"properties": { "note": { "type": "string" },`), orderUpdated, "/properties/note"},
		{"definitions reworded under a released $id", inFiles, definitions, put("Names the user.", "Names a user."), definitions, ""},
		{"misspelt keyword", inFiles, orderUpdated, put(`"required"`, `"requierd"`), orderUpdated, "/requierd"},
		{"reference that leads nowhere", inFiles, orderUpdated, put("$defs/version", "$defs/versions"), orderUpdated, "/properties/version/$ref"},
		{"type that JSON Schema does not know", inFiles, orderUpdated, put(`"type": "object"`, `"type": "objekt"`), orderUpdated, "/type"},
		{"title of another type", inFiles, orderUpdated, put(`"title": "OrderUpdated"`, `"title": "OrderUpdate"`), orderUpdated, "/title"},
		{"schema of no type in the catalog", inFiles, "schemas/OrderLost.v1.json", func(string) string {
			return `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:orderflow:OrderLost:1.0", "title": "OrderLost", "type": "object"}`
		}, "schemas/OrderLost.v1.json", ""},
		{"released schema edited", inFiles, "schemas/released/OrderUpdated.v1.0/schema.json", put("The order's status changed.", "The status changed."), "schemas/released/OrderUpdated.v1.0/schema.json", ""},
		{"released schema removed", inFiles, "schemas/released/OrderUpdated.v1.0/schema.json", nil, "schemas/released/OrderUpdated.v1.0/schema.json", ""},
		{"example removed", inFiles, invalidStatus, nil, invalidStatus, ""},
		{"last example of a keyword removed", inFiles, "schemas/examples/OrderRecorded.v1/invalid/max-items.json", nil, "schemas/examples/OrderRecorded.v1/invalid", "maxItems"},
		{"invalid example made valid", inFiles, invalidStatus, func(text string) string {
			return regexp.MustCompile(`"status": *"[^"]*"`).ReplaceAllString(text, `"status": "PAID"`)
		}, invalidStatus, ""},
		{"valid example made invalid", inFiles, "schemas/examples/OrderUpdated.v1/valid/paid.json", put(`"currency"`, `"Currency"`), "schemas/examples/OrderUpdated.v1/valid/paid.json", ""},
		{"row of the README's table changed", inFiles, "README.md", put("| PaymentFailed | orderflow.payments |", "| PaymentFailed | orderflow.orders |"), "README.md", "PaymentFailed"},
	}
}

// dropReason takes the property reason out of OrderUpdated.
func dropReason(text string) string {
	return regexp.MustCompile(`"reason": \{[^}]*\},\s*`).ReplaceAllString(text, "")
}

func codeMistakes() []mistake {
	return []mistake{
		{"consumer misspelt in the catalog", inCode, catalog, put(`{"notify-user", Saga}`, `{"notify-users", Saga}`), catalog, "OrderUpdated.Consumers"},
		{"producer misspelt in the catalog", inCode, catalog, put(`{"cancel-order", "sweep-orders"}`, `{"cancel-orders", "sweep-orders"}`), catalog, "OrderCancelRequested.Producers"},
		{"check loosened in Go", inCode, "events/check.go", put("slices.Contains(order.RejectionReasons(), d.Reason)", "slices.Contains(order.RejectionReasons(), d.Reason) || true"), "schemas/examples/OrderRejected.v1/invalid/enum-reason-upper-case.json", ""},
	}
}
