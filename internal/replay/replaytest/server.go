// Package replaytest stands in for SQS as far as a replay uses it, and obeys its rules: what was received is hidden for a while, a batch has ten
// entries of different ids at most and may fail in part, and a message has ten attributes at most.
package replaytest

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Attribute is a message attribute on the wire.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// Message is a message in a queue.
type Message struct {
	ID         string
	Body       string
	Attributes map[string]Attribute
	Trace      string
	Group      string
	Once       string // deduplication id
	SentAt     time.Time
	Receives   int

	hidden time.Time // until then
	handle string
}

// Server answers the calls of SQS. The zero value needs a time; its clock moves by a second with each receive that finds nothing.
type Server struct {
	Now time.Time
	// OnSend is called for each message that is sent, before it is in the queue, and may change what becomes of it.
	OnSend func(queue string, m Message) (refuse bool)
	// OnDelete is called for each message that is to be deleted.
	OnDelete func(m Message) (refuse bool)
	// Bounce names, by queue, the queue that everything sent to it ends up in.
	Bounce map[string]string

	mu     sync.Mutex
	queues map[string][]*Message
	count  int
}

// Put puts a message into a queue.
func (s *Server) Put(queue string, m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(queue, m)
}

func (s *Server) put(queue string, m Message) string {
	if s.queues == nil {
		s.queues = map[string][]*Message{}
	}
	s.count++
	m.ID = cmp.Or(m.ID, fmt.Sprintf("m-%d", s.count))
	if m.SentAt.IsZero() {
		m.SentAt = s.Now
	}
	s.queues[queue] = append(s.queues[queue], &m)
	return m.ID
}

// Messages returns what is in a queue, hidden or not.
func (s *Server) Messages(queue string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.queues[queue] {
		out = append(out, *m)
	}
	return out
}

// Visible returns how many messages of a queue may be received now.
func (s *Server) Visible(queue string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visible(queue)
}

func (s *Server) visible(queue string) int {
	n := 0
	for _, m := range s.queues[queue] {
		if !m.hidden.After(s.Now) {
			n++
		}
	}
	return n
}

type entry struct {
	ID                      string `json:"Id"`
	MessageBody             string
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageGroupID          string `json:"MessageGroupId"`
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
	ReceiptHandle           string
	VisibilityTimeout       int
}

type call struct {
	QueueURL            string `json:"QueueUrl"`
	MaxNumberOfMessages int
	VisibilityTimeout   int
	Entries             []entry
}

type result struct {
	Successful []map[string]any
	Failed     []map[string]any
}

// ServeHTTP answers a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	var in call
	if err := json.Unmarshal(raw, &in); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := in.QueueURL[strings.LastIndex(in.QueueURL, "/")+1:]
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	answer, code := s.answer(operation, queue, in)
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]any{"__type": "com.amazonaws.sqs#" + code}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

func (s *Server) answer(operation, queue string, in call) (answer any, code string) {
	if strings.HasSuffix(operation, "Batch") {
		if code := badBatch(in.Entries); code != "" {
			return nil, code
		}
	}
	switch operation {
	case "GetQueueAttributes":
		visible := s.visible(queue)
		return map[string]any{"Attributes": map[string]string{
			"ApproximateNumberOfMessages":           strconv.Itoa(visible),
			"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(len(s.queues[queue]) - visible),
		}}, ""
	case "ReceiveMessage":
		return map[string]any{"Messages": s.receive(queue, in)}, ""
	case "SendMessageBatch":
		return s.each(in.Entries, func(e entry) (map[string]any, string) { return s.send(queue, e) }), ""
	case "DeleteMessageBatch":
		return s.each(in.Entries, func(e entry) (map[string]any, string) { return nil, s.delete(queue, e) }), ""
	case "ChangeMessageVisibilityBatch":
		return s.each(in.Entries, func(e entry) (map[string]any, string) { return nil, s.change(queue, e) }), ""
	}
	panic("the queue does not know " + operation)
}

func badBatch(entries []entry) string {
	switch {
	case len(entries) == 0:
		return "EmptyBatchRequest"
	case len(entries) > 10:
		return "TooManyEntriesInBatchRequest"
	}
	ids := map[string]bool{}
	for _, e := range entries {
		if ids[e.ID] {
			return "BatchEntryIdsNotDistinct"
		}
		ids[e.ID] = true
	}
	return ""
}

func (s *Server) each(entries []entry, do func(entry) (done map[string]any, code string)) result {
	var out result
	for _, e := range entries {
		done, code := do(e)
		if code != "" {
			out.Failed = append(out.Failed, map[string]any{"Id": e.ID, "Code": code, "SenderFault": false})
			continue
		}
		if done == nil {
			done = map[string]any{}
		}
		done["Id"] = e.ID
		out.Successful = append(out.Successful, done)
	}
	return out
}

func (s *Server) receive(queue string, in call) []map[string]any {
	var out []map[string]any
	for _, m := range s.queues[queue] {
		if m.hidden.After(s.Now) || len(out) == max(in.MaxNumberOfMessages, 1) {
			continue
		}
		s.count++
		m.hidden, m.handle = s.Now.Add(time.Duration(in.VisibilityTimeout)*time.Second), fmt.Sprintf("%s#%d", m.ID, s.count)
		m.Receives++
		system := map[string]string{
			"SentTimestamp": strconv.FormatInt(m.SentAt.UnixMilli(), 10), "ApproximateReceiveCount": strconv.Itoa(m.Receives),
		}
		if m.Trace != "" {
			system["AWSTraceHeader"] = m.Trace
		}
		if m.Group != "" {
			system["MessageGroupId"] = m.Group
		}
		out = append(out, map[string]any{
			"MessageId": m.ID, "ReceiptHandle": m.handle, "Body": m.Body, "MD5OfBody": sum(m.Body),
			"Attributes": system, "MessageAttributes": m.Attributes,
		})
	}
	if len(out) == 0 {
		s.Now = s.Now.Add(time.Second)
	}
	return out
}

func (s *Server) send(queue string, e entry) (map[string]any, string) {
	if len(e.MessageAttributes) > 10 || strings.HasSuffix(queue, ".fifo") != (e.MessageDeduplicationID != "") {
		return nil, "InvalidParameterValue"
	}
	for _, a := range e.MessageAttributes {
		if (a.StringValue == "") == (len(a.BinaryValue) == 0) {
			return nil, "InvalidParameterValue"
		}
	}
	m := Message{
		Body: e.MessageBody, Attributes: e.MessageAttributes, Trace: e.MessageSystemAttributes["AWSTraceHeader"].StringValue,
		Group: e.MessageGroupID, Once: e.MessageDeduplicationID,
	}
	if s.OnSend != nil && s.OnSend(queue, m) {
		return nil, "InternalError"
	}
	if back := s.Bounce[queue]; back != "" {
		s.put(back, m)
		return map[string]any{"MessageId": "gone", "MD5OfMessageBody": sum(m.Body)}, ""
	}
	return map[string]any{"MessageId": s.put(queue, m), "MD5OfMessageBody": sum(m.Body)}, ""
}

// find returns the message that was received last by this handle, or -1.
func (s *Server) find(queue string, e entry) int {
	return slices.IndexFunc(s.queues[queue], func(m *Message) bool { return m.handle == e.ReceiptHandle })
}

func (s *Server) delete(queue string, e entry) string {
	i := s.find(queue, e)
	if i < 0 {
		return "ReceiptHandleIsInvalid"
	}
	if s.OnDelete != nil && s.OnDelete(*s.queues[queue][i]) {
		return "InternalError"
	}
	s.queues[queue] = slices.Delete(s.queues[queue], i, i+1)
	return ""
}

func (s *Server) change(queue string, e entry) string {
	i := s.find(queue, e)
	if i < 0 {
		return "ReceiptHandleIsInvalid"
	}
	s.queues[queue][i].hidden = s.Now.Add(time.Duration(e.VisibilityTimeout) * time.Second)
	return ""
}

func sum(text string) string {
	digest := md5.Sum([]byte(text))
	return hex.EncodeToString(digest[:])
}
