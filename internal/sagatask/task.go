package sagatask

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// input is a task as the state machine writes it: it always says the round, and park only where it is true.
type input struct {
	OrderID order.ID       `json:"order_id"`
	Version int64          `json:"version"`
	Round   int64          `json:"round"`
	Park    jsontext.Value `json:"park,omitempty"`
}

// maxRound bounds the round of a task far above what any machine allows.
const maxRound = 1000

// read decodes a task. The error is a *strictjson.Error. Members that it does not know are passed over, so that a
// machine of the next release may say more.
func read(raw []byte) (saga.Task, error) {
	var in input
	err := strictjson.Decode(raw, &in, strictjson.Ignore)
	if err := strictjson.Complete(err, in.broken()); err != nil {
		return saga.Task{}, err
	}
	return saga.Task{OrderID: in.OrderID, Version: in.Version, Round: int(in.Round), Park: in.Park != nil}, nil
}

// broken are the rules that in breaks beyond those of reading.
func (in input) broken() []strictjson.Violation {
	var found []strictjson.Violation
	if !in.OrderID.Valid() {
		found = append(found, strictjson.Violation{Pointer: "/order_id", Detail: "must be an order id"})
	}
	if in.Version < 1 {
		found = append(found, strictjson.Violation{Pointer: "/version", Detail: "must be 1 or more"})
	}
	if in.Round < 0 || in.Round > maxRound {
		found = append(found, strictjson.Violation{Pointer: "/round", Detail: "must be a count of rounds"})
	}
	if in.Park != nil && string(in.Park) != "true" {
		found = append(found, strictjson.Violation{Pointer: "/park", Detail: "must be true: leave it out"})
	}
	return found
}
