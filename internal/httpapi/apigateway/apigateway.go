// Package apigateway puts a net/http handler behind an API Gateway HTTP API that has a JWT authorizer.
//
// It speaks payload format 2.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
package apigateway

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// margin is how long before the function is killed its handler's context ends, so that there is time for an answer.
const margin = 500 * time.Millisecond

// CodePanic is the code of a request whose handler panicked.
const CodePanic outcome.Code = "panic"

// Gateway answers a function's invocations with Handler.
type Gateway struct {
	Handler http.Handler
	Log     *telemetry.Logger
	Now     func() time.Time
}

// Handle is the function's handler. Its error is always nil: API Gateway would answer with 500 and a body of its own.
func (g Gateway) Handle(ctx context.Context, in events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	started := g.Now()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var note httpapi.Note
	ctx = httpapi.WithNote(ctx, &note)
	if caller, ok := callerOf(in); ok {
		ctx = httpapi.WithCaller(ctx, caller)
	}
	rec, site := g.serve(ctx, in)
	if site != "" {
		note.Code = CodePanic
		g.Log.Fault(telemetry.Fault{Operation: "handle", Code: CodePanic, Order: string(note.Order), Frame: site})
	}
	method, route, _ := strings.Cut(in.RouteKey, " ")
	g.Log.Request(telemetry.Request{
		RequestID:   in.RequestContext.RequestID,
		Method:      method,
		Route:       route,
		Status:      rec.status,
		Order:       string(note.Order),
		Code:        note.Code,
		TraceParent: httpapi.TraceParent(headers(in)),
		Duration:    g.Now().Sub(started),
	})
	return rec.response(), nil
}

func callerOf(in events.APIGatewayV2HTTPRequest) (httpapi.Caller, bool) {
	authorizer := in.RequestContext.Authorizer
	if authorizer == nil || authorizer.JWT == nil {
		return httpapi.Caller{}, false
	}
	return httpapi.CallerOf(authorizer.JWT.Claims)
}

// serve runs the handler. Where it panicked, the answer is a problem and site says where.
func (g Gateway) serve(ctx context.Context, in events.APIGatewayV2HTTPRequest) (rec *recorder, site string) {
	rec = newRecorder()
	r, err := newRequest(ctx, in)
	if err != nil {
		httpapi.NoteCode(ctx, outcome.Code(problem.MalformedBody.Name()))
		problem.Write(rec, problem.New(problem.MalformedBody, "The body could not be read."))
		return rec, ""
	}
	defer func() {
		if recover() != nil { // the value may quote the request, so it goes nowhere
			rec, site = newRecorder(), telemetry.PanicFrame()
			problem.Write(rec, problem.New(problem.Internal, "The request could not be handled."))
		}
	}()
	g.Handler.ServeHTTP(rec, r)
	rec.WriteHeader(http.StatusOK) // no effect where the handler wrote a status
	return rec, ""
}
