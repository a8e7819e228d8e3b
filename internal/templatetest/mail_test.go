package templatetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatSESReportsReachesMarkAddress follows a bounce from the mail to the queue.
func TestWhatSESReportsReachesMarkAddress(t *testing.T) {
	eachStage(t, func(t *testing.T, stage string, in template) {
		set := value{Ref: "MailConfigurationSet"}
		if got := all[function](t, in, "AWS::Lambda::Function")["NotifyDashuserLambdaFunction"].Environment.Variables["MAIL_CONFIGURATION_SET"]; got != set {
			t.Errorf("notify-user sends under %v, want %v", got, set)
		}
		if got := all[struct{ Name string }](t, in, "AWS::SES::ConfigurationSet")["MailConfigurationSet"].Name; got != "orderflow-"+stage {
			t.Errorf("the configuration set is called %s, want orderflow-%s", got, stage)
		}
		reports := all[struct {
			ConfigurationSetName value
			EventDestination     struct {
				Enabled                bool
				MatchingEventTypes     []string
				EventBridgeDestination struct{ EventBusArn value }
			}
		}](t, in, "AWS::SES::ConfigurationSetEventDestination")["MailReports"]
		to := reports.EventDestination
		bus := value{Text: `{"Fn::Sub":"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}`}
		if reports.ConfigurationSetName != set || !to.Enabled || to.EventBridgeDestination.EventBusArn != bus ||
			!slices.Equal(to.MatchingEventTypes, []string{"bounce", "complaint"}) {
			t.Errorf("SES reports %+v", reports)
		}
		listens := all[struct {
			EventBusName value
			EventPattern struct {
				Source     []string
				DetailType []string `json:"detail-type"`
				Detail     struct {
					Mail struct{ Tags map[string][]value }
				}
			}
		}](t, in, "AWS::Events::Rule")["MarkAddressRule"]
		pattern := listens.EventPattern
		if diff := cmp.Diff(map[string][]value{"ses:configuration-set": {set}}, pattern.Detail.Mail.Tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		if listens.EventBusName != (value{Text: "default"}) || !slices.Equal(pattern.Source, []string{"aws.ses"}) ||
			!slices.Equal(pattern.DetailType, []string{"Email Bounced", "Email Complaint Received"}) {
			t.Errorf("the rule listens on %v for %v of %v", listens.EventBusName, pattern.DetailType, pattern.Source)
		}
	})
}

// TestMailTouchesNoOrder: whatever goes wrong with a mail, the function that sends it has no right to change an order,
// to read or change a payment, or to state an event; and the one that hears of bounces may read orders only.
func TestMailTouchesNoOrder(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		for key, want := range map[string][]string{
			"notify-user":  {"dynamodb:BatchGetItem UsersTable", "dynamodb:GetItem NotificationsTable", "dynamodb:UpdateItem NotificationsTable"},
			"mark-address": {"dynamodb:GetItem OrdersTable", "dynamodb:GetItem UsersTable", "dynamodb:UpdateItem UsersTable"},
		} {
			f := all[function](t, in, "AWS::Lambda::Function")[logicalID(key)+"LambdaFunction"]
			var got []string
			for _, p := range all[role](t, in, "AWS::IAM::Role")[f.Role.Ref].Policies {
				for _, s := range p.PolicyDocument.Statement {
					got = append(got, rightsIn(s)...)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s's rights to tables and buses (-want +got):\n%s", key, diff)
			}
		}
	})
}

// rightsIn lists what a statement allows on tables and buses, each action with its resource.
func rightsIn(s statement) []string {
	var found []string
	for _, action := range s.Action {
		if !strings.HasPrefix(action, "dynamodb:") && !strings.HasPrefix(action, "events:") {
			continue
		}
		for _, r := range s.Resource {
			found = append(found, action+" "+r.Ref)
		}
	}
	return found
}
