package templatetest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// granted returns, for each role of the saga, what it may do to what. Statements that stand on AWS only are in it.
func granted(t *testing.T, in template, name string) map[string][]string {
	t.Helper()
	var r struct {
		AssumeRolePolicyDocument struct{ Statement []statement }
		ManagedPolicyArns        []value
		Policies                 []json.RawMessage
	}
	if err := json.Unmarshal(in.Resources[name].Properties, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(r.ManagedPolicyArns) > 0 {
		t.Errorf("%s has more than its own policies: %v", name, r.ManagedPolicyArns)
	}
	trust := r.AssumeRolePolicyDocument.Statement
	if len(trust) != 1 || trust[0].Condition["StringEquals"]["aws:SourceAccount"] != (value{Ref: "AWS::AccountId"}) {
		t.Errorf("%s may be assumed for other accounts: %+v", name, trust)
	}
	found := map[string][]string{"assume": {trust[0].Principal.Service}}
	for _, raw := range r.Policies {
		var given policyOrIf
		if err := json.Unmarshal(raw, &given); err != nil {
			t.Fatal(err)
		}
		for _, s := range given.PolicyDocument.Statement {
			for _, action := range s.Action {
				for _, on := range s.Resource {
					found[action] = append(found[action], on.Ref+on.Text)
				}
			}
		}
	}
	return found
}

// policyOrIf is an inline policy, or one that stands on AWS only.
type policyOrIf struct {
	PolicyDocument struct{ Statement []statement }
}

func (p *policyOrIf) UnmarshalJSON(raw []byte) error {
	var chosen struct {
		If []json.RawMessage `json:"Fn::If"`
	}
	if err := json.Unmarshal(raw, &chosen); err != nil {
		return err
	}
	if len(chosen.If) == 3 && string(chosen.If[0]) == `"OnAws"` {
		raw = chosen.If[1]
	}
	var plain struct {
		PolicyDocument struct{ Statement []statement }
	}
	err := json.Unmarshal(raw, &plain)
	p.PolicyDocument = plain.PolicyDocument
	return err
}

func TestTheSagasRolesAreNarrow(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		saga, _ := theSaga(t, in)
		if saga.RoleArn != (value{Ref: "SagaRole", Attribute: "Arn"}) {
			t.Errorf("the saga acts as %v", saga.RoleArn)
		}
		want := map[string][]string{
			"assume":                {"states.amazonaws.com"},
			"lambda:InvokeFunction": {"ResolveDashpaymentLambdaFunction", "RefundDashpaymentLambdaFunction", "CloseDashorderLambdaFunction"},
		}
		// Log deliveries have no ARNs (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy).
		for _, action := range []string{"Create", "Get", "Update", "Delete"} {
			want["logs:"+action+"LogDelivery"] = []string{"*"}
		}
		for _, action := range []string{"ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"} {
			want["logs:"+action] = []string{"*"}
		}
		if diff := cmp.Diff(want, granted(t, in, "SagaRole")); diff != "" {
			t.Errorf("the saga may (-want +got):\n%s", diff)
		}
		want = map[string][]string{"assume": {"events.amazonaws.com"}, "states:StartExecution": {"Saga"}}
		if diff := cmp.Diff(want, granted(t, in, "SagaRuleRole")); diff != "" {
			t.Errorf("the rule may (-want +got):\n%s", diff)
		}
	})
}

func TestTheStepsMayDoWhatTheyNeedAndNoMore(t *testing.T) {
	in := load(t, "prod")
	secret := `{"Fn::Sub":"arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:orderflow-prod/stripe-??????"}`
	resolve := map[string][]string{
		"dynamodb:GetItem":              {"OrdersTable", "PaymentsTable"},
		"dynamodb:PutItem":              {"PaymentsTable"},
		"secretsmanager:GetSecretValue": {secret},
	}
	refund := map[string][]string{
		"dynamodb:GetItem":              {"OrdersTable", "PaymentsTable"},
		"dynamodb:PutItem":              {"PaymentsTable"},
		"secretsmanager:GetSecretValue": {secret},
		"events:PutEvents":              {"Bus"},
	}
	closing := map[string][]string{
		"dynamodb:GetItem":            {"OrdersTable", "PaymentsTable"},
		"dynamodb:UpdateItem":         {"OrdersTable"},
		"dynamodb:ConditionCheckItem": {"PaymentsTable"},
		"events:PutEvents":            {"Bus"},
	}
	functions := all[function](t, in, "AWS::Lambda::Function")
	roles := all[role](t, in, "AWS::IAM::Role")
	for key, want := range map[string]map[string][]string{"resolve-payment": resolve, "refund-payment": refund, "close-order": closing} {
		got := map[string][]string{}
		for _, p := range roles[functions[logicalID(key)+"LambdaFunction"].Role.Ref].Policies {
			for _, s := range p.PolicyDocument.Statement {
				if strings.HasPrefix(s.Action[0], "logs:") {
					continue
				}
				for _, action := range s.Action {
					for _, on := range s.Resource {
						got[action] = append(got[action], on.Ref+on.Text)
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s may (-want +got):\n%s", key, diff)
		}
	}
}
