package main

import (
	"context"
	"encoding/json"
	"io"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/orderflow/orderflow/events"
)

// Work is what the warehouse is to do with an order.
type Work string

// The kinds of work.
const (
	Pack Work = "PACK"
	Hold Work = "HOLD"
)

// Task is the newest that the warehouse knows of an order.
type Task struct {
	OrderID events.OrderID
	Version int64 // of the order
	Work    Work
}

// Decide says what an order's new status means for the warehouse; false where it means nothing.
func Decide(d events.OrderUpdated) (Task, bool) {
	task := Task{OrderID: d.OrderID, Version: d.Version}
	switch d.Status {
	case "PAID":
		task.Work = Pack
	case "CANCELLING", "REFUNDED":
		task.Work = Hold
	default: // one that this consumer does not know yet, too
		return Task{}, false
	}
	return task, true
}

// Tasks keeps tasks.
type Tasks interface {
	// Note keeps the task, unless one of the same or a later version of the order is there: then it does nothing.
	Note(ctx context.Context, t Task) error
}

// Handler handles the queue's messages, each of which is a CloudEvent.
type Handler struct {
	Table Tasks
	Log   io.Writer
}

// HandleBatch reports the messages that are to come again, and no others.
func (h *Handler) HandleBatch(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	answer := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
	for _, m := range batch.Records {
		err := h.handle(ctx, m.Body)
		if err != nil {
			answer.BatchItemFailures = append(answer.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
		h.log(m.MessageId, err)
	}
	return answer, nil
}

func (h *Handler) handle(ctx context.Context, body string) error {
	e, err := events.Parse([]byte(body))
	if err != nil {
		return err
	}
	updated, err := events.As[events.OrderUpdated](e)
	if err != nil {
		return err
	}
	task, ok := Decide(updated)
	if !ok {
		return nil
	}
	return h.Table.Note(ctx, task)
}

// log writes one line for each message. The errors of package events quote nothing of the event.
func (h *Handler) log(messageID string, err error) {
	line := struct {
		MessageID string `json:"message_id"`
		Error     string `json:"error,omitempty"`
	}{MessageID: messageID}
	if err != nil {
		line.Error = err.Error()
	}
	if json.NewEncoder(h.Log).Encode(line) != nil {
		return // there is nowhere to say so
	}
}
