// Package taptest stands in for EventBridge and SQS as far as a tap uses them, and obeys their rules: no rule is deleted while it
// has a target, and no queue takes an event that its policy does not admit.
package taptest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Server answers the calls of both services. The zero value is ready.
type Server struct {
	mu     sync.Mutex
	rules  map[string]*rule
	queues map[string]*queue
	refuse map[string]bool
	count  int
}

type rule struct {
	pattern pattern
	target  *target
}

type pattern struct {
	Source     []struct{ Prefix string }
	DetailType []string `json:"detail-type"`
	Detail     struct{ Subject []string }
}

type target struct {
	ID        string `json:"Id"`
	Arn       string
	InputPath string
}

type queue struct {
	attributes map[string]string
	messages   []message
}

type message struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	MD5OfBody     string
	Body          string
	received      bool
}

const (
	ruleARN  = "arn:aws:events:us-east-1:000000000000:rule/"
	queueARN = "arn:aws:sqs:us-east-1:000000000000:"
)

// Refuse has the operations answer that access is denied, or no longer.
func (s *Server) Refuse(yes bool, operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse == nil {
		s.refuse = map[string]bool{}
	}
	for _, o := range operations {
		s.refuse[o] = yes
	}
}

// Names returns the names of the rules, as <bus>/<name>, and of the queues that are there.
func (s *Server) Names() (rules, queues []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.rules)), slices.Sorted(maps.Keys(s.queues))
}

// Publish puts an event on a bus: detail is its JSON.
func (s *Server) Publish(bus, source, detailType, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, r := range s.rules {
		if !strings.HasPrefix(key, bus+"/") || r.target == nil || !r.pattern.matches(source, detailType, detail) {
			continue
		}
		q := s.queues[strings.TrimPrefix(r.target.Arn, queueARN)]
		if q == nil || !strings.Contains(q.attributes["Policy"], ruleARN+key) {
			continue
		}
		s.count++
		body := detail
		if r.target.InputPath == "" {
			body = fmt.Sprintf(`{"version":"0","id":"bridge-%d","detail-type":%q,"source":%q,"detail":%s}`, s.count, detailType, source, detail)
		}
		sum := md5.Sum([]byte(body))
		q.messages = append(q.messages, message{
			MessageID: strconv.Itoa(s.count), ReceiptHandle: "handle-" + strconv.Itoa(s.count), MD5OfBody: hex.EncodeToString(sum[:]), Body: body,
		})
	}
}

func (p pattern) matches(source, detailType, detail string) bool {
	if len(p.DetailType) > 0 && !slices.Contains(p.DetailType, detailType) || !p.isAbout(detail) {
		return false
	}
	return slices.ContainsFunc(p.Source, func(s struct{ Prefix string }) bool { return strings.HasPrefix(source, s.Prefix) })
}

func (p pattern) isAbout(detail string) bool {
	var e struct{ Subject string }
	return len(p.Detail.Subject) == 0 || json.Unmarshal([]byte(detail), &e) == nil && slices.Contains(p.Detail.Subject, e.Subject)
}

// Redeliver shows what was received and not deleted again, and what was deleted once more, as a standard queue may.
func (s *Server) Redeliver(name string, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.queues[name].messages {
		if m.Body == body {
			s.queues[name].messages[i].received = false
		}
	}
}

// Handles reports whether the request is for one of the operations that Server answers.
func Handles(r *http.Request) bool {
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return service == "AmazonSQS" || service == "AWSEvents" && operation != "PutEvents"
}

// input is what the requests of all operations have in them.
type input struct {
	Name, NamePrefix, EventBusName, EventPattern, Rule string
	QueueName, QueueNamePrefix                         string
	QueueURL                                           string `json:"QueueUrl"`
	Attributes                                         map[string]string
	Targets                                            []target
	IDs                                                []string `json:"Ids"`
	Entries                                            []struct{ ID, ReceiptHandle string }
	MaxNumberOfMessages                                int
}

// refusal is an error of the service, by its code.
type refusal string

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := io.ReadAll(r.Body)
	var in input
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	answer := s.answer(target[strings.LastIndex(target, ".")+1:], in)
	if code, refused := answer.(refusal); refused {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": string(code)}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err) // it is made of strings
	}
}

func (s *Server) answer(operation string, in input) any {
	if s.refuse[operation] {
		return refusal("AccessDeniedException")
	}
	if s.rules == nil {
		s.rules, s.queues = map[string]*rule{}, map[string]*queue{}
	}
	switch operation {
	case "PutRule", "PutTargets", "RemoveTargets", "DeleteRule", "ListRules":
		return s.onRules(operation, in)
	case "CreateQueue":
		s.queues[in.QueueName] = &queue{attributes: in.Attributes}
		return map[string]string{"QueueUrl": "http://queues/" + in.QueueName}
	case "ListQueues":
		return s.listQueues(in)
	case "GetQueueUrl":
		if s.queues[in.QueueName] == nil {
			return refusal("QueueDoesNotExist")
		}
		return map[string]string{"QueueUrl": "http://queues/" + in.QueueName}
	default:
		name := strings.TrimPrefix(in.QueueURL, "http://queues/")
		q := s.queues[name]
		if q == nil {
			return refusal("QueueDoesNotExist")
		}
		return s.onQueue(operation, name, q, in)
	}
}

func (s *Server) onRules(operation string, in input) any {
	key := in.EventBusName + "/" + in.Name + in.Rule
	r := s.rules[key]
	switch {
	case operation == "PutRule":
		r = &rule{}
		if err := json.Unmarshal([]byte(in.EventPattern), &r.pattern); err != nil {
			return refusal("InvalidEventPatternException")
		}
		s.rules[key] = r
		return map[string]string{"RuleArn": ruleARN + key}
	case operation == "ListRules":
		names := []map[string]string{}
		for _, k := range slices.Sorted(maps.Keys(s.rules)) {
			if strings.HasPrefix(k, in.EventBusName+"/"+in.NamePrefix) {
				names = append(names, map[string]string{"Name": strings.TrimPrefix(k, in.EventBusName+"/")})
			}
		}
		return map[string]any{"Rules": names}
	case r == nil && operation == "DeleteRule":
		return map[string]any{} // as the service does it
	case r == nil:
		return refusal("ResourceNotFoundException")
	case operation == "PutTargets":
		r.target = &in.Targets[0]
	case operation == "RemoveTargets" && r.target != nil && slices.Contains(in.IDs, r.target.ID):
		r.target = nil
	case operation == "DeleteRule" && r.target != nil:
		return refusal("ValidationException")
	case operation == "DeleteRule":
		delete(s.rules, key)
	}
	return map[string]any{"FailedEntryCount": 0, "FailedEntries": []string{}}
}

func (s *Server) listQueues(in input) any {
	urls := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			urls = append(urls, "http://queues/"+name)
		}
	}
	return map[string]any{"QueueUrls": urls}
}

func (s *Server) onQueue(operation, name string, q *queue, in input) any {
	switch operation {
	case "GetQueueAttributes":
		return map[string]any{"Attributes": map[string]string{"QueueArn": queueARN + name}}
	case "SetQueueAttributes":
		maps.Copy(q.attributes, in.Attributes)
	case "DeleteQueue":
		delete(s.queues, name)
	case "ReceiveMessage":
		return q.receive(in.MaxNumberOfMessages)
	case "DeleteMessageBatch":
		return map[string]any{"Successful": []string{}, "Failed": []string{}}
	default:
		return refusal("UnknownOperationException")
	}
	return map[string]any{}
}

func (q *queue) receive(most int) any {
	found := []message{}
	for i := range q.messages {
		if m := &q.messages[i]; !m.received && len(found) < most {
			m.received = true
			found = append(found, *m)
		}
	}
	return map[string]any{"Messages": found}
}
