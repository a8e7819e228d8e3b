package cancelorder

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// maxBody is the largest body that is looked at, in bytes: as much as other operations take.
const maxBody = 64 << 10

// nothing is the object that a request's body may be.
type nothing struct{}

// checkBody refuses a body that says something. Its content type is not looked at: many a client sends one with an empty body.
func checkBody(w http.ResponseWriter, r *http.Request) *problem.Problem {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refuse(problem.BodyTooLarge, "The body may have at most 65536 bytes, and need not be there.")
	}
	if err != nil {
		return refuse(problem.MalformedBody, "The body ended early.")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	return checkObject(strictjson.Decode(body, &nothing{}, strictjson.Refuse))
}

// checkObject says what is wrong with the body by the error of decoding it.
func checkObject(err error) *problem.Problem {
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return nil
	}
	p := problem.New(problem.UnexpectedBody, "Send no body: the whole order is cancelled, and at once.")
	if wrong.Unreadable {
		p = problem.New(problem.MalformedBody, "The body is neither empty nor exactly one JSON value.")
	}
	p = p.With(wrong.Violations)
	return &p
}

func refuse(t problem.Type, detail string) *problem.Problem {
	p := problem.New(t, detail)
	return &p
}
