package load

import (
	"errors"
	"net/http"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Outcome is what became of a job.
type Outcome struct {
	Job       Job
	Placed    api.Placed
	Err       error               // of placing it
	Asked     order.Status        // where it was when its cancellation was taken; empty where none was
	CancelErr error               // of asking for its cancellation
	Order     order.Order         // as last seen; the zero order where it was never seen
	Mail      notification.Result // of the mail about how it ended
	answered  bool
}

// rests reports whether nothing more happens to o by itself. PAID is no rest while a cancellation is on its way.
func (o Outcome) rests() bool {
	switch s := o.Order.Status; s {
	case "":
		return false
	case order.Paid:
		return o.Asked == ""
	default:
		return !s.Open()
	}
}

// Answered counts the outcomes whose order the API answered.
func Answered(outcomes []Outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.answered {
			n++
		}
	}
	return n
}

// IsClash reports whether the API has another order under the id.
func IsClash(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Status == http.StatusUnprocessableEntity && len(e.Violations) == 0
}
