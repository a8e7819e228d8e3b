package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/user"
)

// sagaRun is an execution as the stage's Step Functions tells of it.
type sagaRun struct {
	name           string
	task           saga.Task
	status         string
	began          time.Time
	took           time.Duration // zero while it runs
	failure, cause string
	history        []map[string]any
}

const runARN = "arn:aws:states:us-east-1:000000000000:execution:saga:"

func (r sagaRun) wire() map[string]any {
	input, err := json.Marshal(r.task)
	if err != nil {
		panic(err)
	}
	m := map[string]any{
		"executionArn": runARN + r.name, "name": r.name, "status": r.status, "startDate": epoch(r.began), "input": string(input), "stateMachineArn": "SagaArn",
	}
	if r.took > 0 {
		m["stopDate"] = epoch(r.began.Add(r.took))
	}
	if r.failure != "" {
		m["error"], m["cause"] = r.failure, r.cause
	}
	return m
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// tellRuns answers a call of Step Functions.
func (s *stage) tellRuns(w http.ResponseWriter, target string, body []byte) {
	var in struct {
		ExecutionARN string `json:"executionArn"`
		StatusFilter string
		MaxResults   int
		NextToken    string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	i := slices.IndexFunc(s.runs, func(r sagaRun) bool { return runARN+r.name == in.ExecutionARN })
	switch operation := strings.TrimPrefix(target, "AWSStepFunctions."); {
	case operation == "ListExecutions":
		reply(w, http.StatusOK, s.listRuns(in.StatusFilter, in.MaxResults, in.NextToken))
	case i < 0:
		reply(w, http.StatusBadRequest, map[string]any{"__type": "ExecutionDoesNotExist"})
	case operation == "DescribeExecution":
		s.looks++
		reply(w, http.StatusOK, s.runs[i].wire())
	case operation == "GetExecutionHistory":
		reply(w, http.StatusOK, map[string]any{"events": s.runs[i].history})
	default:
		panic("the stage does not know " + target)
	}
}

// listRuns gives pages of two at most, whatever is asked for.
func (s *stage) listRuns(status string, limit int, token string) any {
	var all []map[string]any
	for _, r := range s.runs {
		if status == "" || r.status == status {
			m := r.wire()
			delete(m, "input")
			all = append(all, m)
		}
	}
	from, _ := strconv.Atoi(token) // empty: 0
	to := min(from+min(limit, 2), len(all))
	page := map[string]any{"executions": all[from:to]}
	if to < len(all) {
		page["nextToken"] = strconv.Itoa(to)
	}
	return page
}

// told makes a history: "> Name" enters a task, "- Name" another state, "<" leaves it, "+" and "!" are calls that work and fail.
// One second passes with each line.
func told(began time.Time, lines ...string) []map[string]any {
	var events []map[string]any
	add := func(at time.Time, kind, details string, body map[string]any) {
		e := map[string]any{"id": len(events) + 1, "type": kind, "timestamp": epoch(at)}
		if details != "" {
			e[details] = body
		}
		events = append(events, e)
	}
	add(began, "ExecutionStarted", "", nil)
	for i, line := range lines {
		at := began.Add(time.Duration(i+1) * time.Second)
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case ">":
			add(at, "TaskStateEntered", "stateEnteredEventDetails", map[string]any{"name": rest})
		case "-":
			add(at, "FailStateEntered", "stateEnteredEventDetails", map[string]any{"name": rest})
		case "<":
			add(at, "TaskStateExited", "stateExitedEventDetails", map[string]any{"name": "any"})
		case "+":
			add(at, "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", map[string]any{"resource": "r"})
			add(at, "LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", map[string]any{})
		case "!":
			name, cause, _ := strings.Cut(rest, " ")
			add(at, "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", map[string]any{"resource": "r"})
			add(at, "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails", map[string]any{"error": name, "cause": cause})
		default:
			panic("no such line: " + line)
		}
	}
	return events
}

// openOrders answers a query of the index of open orders.
func (s *stage) openOrders(in request) any {
	var found []order.Order
	for _, o := range s.orders {
		if o.Status.Open() && item.Shard(o.ID) == in.ExpressionAttributeValues[":shard"].S &&
			lastChange(o).Format(order.TimeLayout) <= in.ExpressionAttributeValues[":before"].S {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b order.Order) int { return lastChange(a).Compare(lastChange(b)) })
	return itemsOf(found)
}

// allOrders answers a scan.
func (s *stage) allOrders() any {
	var found []order.Order
	for _, o := range s.orders {
		found = append(found, o)
	}
	return itemsOf(found)
}

func itemsOf(found []order.Order) any {
	items := []any{}
	for _, o := range found {
		row, ok := wire(&types.AttributeValueMemberM{Value: item.FromOrder(o)}).(map[string]any)
		if !ok {
			panic(fmt.Sprintf("order %s is no row", o.ID))
		}
		items = append(items, row["M"])
	}
	return map[string]any{"Items": items}
}

// getUser answers a read of a user: everybody is called Kim.
func (s *stage) getUser(id string) any {
	if _, there := s.users[id]; !there {
		return map[string]any{}
	}
	kim := user.User{ID: order.UserID(id), Status: user.Active, Email: "kim@example.com", Name: "Kim", Customer: "cus_secret"}
	row, ok := wire(&types.AttributeValueMemberM{Value: item.FromUser(kim)}).(map[string]any)
	if !ok {
		panic("user " + id + " is no row")
	}
	return map[string]any{"Item": row["M"]}
}
