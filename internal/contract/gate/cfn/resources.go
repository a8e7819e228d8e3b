package cfn

import "encoding/json"

// Types of resources.
const (
	TypeFunction    = "AWS::Lambda::Function"
	TypeMapping     = "AWS::Lambda::EventSourceMapping"
	TypeQueue       = "AWS::SQS::Queue"
	TypeQueuePolicy = "AWS::SQS::QueuePolicy"
	TypeRule        = "AWS::Events::Rule"
)

// Queue is an AWS::SQS::Queue. Times are in seconds.
type Queue struct {
	QueueName              string
	MessageRetentionPeriod int
	VisibilityTimeout      int
	SqsManagedSseEnabled   bool
	RedrivePolicy          struct {
		DeadLetterTargetArn Value `json:"deadLetterTargetArn"`
		MaxReceiveCount     int   `json:"maxReceiveCount"`
	}
}

// IsSource tells whether q gives up to a dead-letter queue.
func (q Queue) IsSource() bool { return q.RedrivePolicy.DeadLetterTargetArn != Value{} }

// Function is an AWS::Lambda::Function. Its timeout is in seconds.
type Function struct {
	FunctionName  string
	Handler       string
	Runtime       string
	Timeout       int
	Architectures []string
	Role          Value
	Environment   struct{ Variables map[string]Value }
}

// Mapping is an AWS::Lambda::EventSourceMapping.
type Mapping struct {
	EventSourceArn             Value
	FunctionName               Value
	BatchSize                  int
	FunctionResponseTypes      []string
	StartingPosition           string
	BisectBatchOnFunctionError bool
	MaximumRetryAttempts       int
	MaximumRecordAgeInSeconds  int
	ScalingConfig              struct{ MaximumConcurrency int }
	DestinationConfig          struct{ OnFailure struct{ Destination Value } }
	FilterCriteria             struct{ Filters []struct{ Pattern string } }
}

// Policy is an AWS::SQS::QueuePolicy.
type Policy struct {
	Queues         []Value
	PolicyDocument struct{ Statement []Statement }
}

// Statement is one of a policy; If is set where it stands below a condition.
type Statement struct {
	Sid, Effect string
	Principal   Principal
	Action      OneOrMore
	Resource    Values
	Condition   map[string]map[string]Value
	If          []json.RawMessage `json:"Fn::If"`
}

// Principal is who a statement speaks of: a service, or "*" for everyone.
type Principal struct{ Service string }

// UnmarshalJSON reads a service or a star.
func (p *Principal) UnmarshalJSON(raw []byte) error {
	if string(raw) == `"*"` {
		p.Service = "*"
		return nil
	}
	var named struct{ Service string }
	err := json.Unmarshal(raw, &named)
	p.Service = named.Service
	return err
}
