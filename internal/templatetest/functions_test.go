package templatetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/lambdazip"
)

func pascalCase(key string) string { return cfn.PascalCase(key) }

func functions(t *testing.T) []lambdazip.Function {
	t.Helper()
	found, err := lambdazip.Functions(root)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryFolderIsOneDeployedFunction(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var folders, declared []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	deployed := all[function](t, load(t, "prod"), "AWS::Lambda::Function")
	for _, f := range functions(t) {
		declared = append(declared, f.Folder)
		if got, want := f.Folder, strings.ReplaceAll(f.Key, "-", ""); got != want {
			t.Errorf("%s stands in functions/%s, want functions/%s", f.Key, got, want)
		}
		if _, ok := deployed[logicalID(f.Key)+"LambdaFunction"]; !ok {
			t.Errorf("%s is not deployed: serverless.yml does not include it", f.Key)
		}
	}
	if diff := cmp.Diff(folders, declared); diff != "" {
		t.Errorf("folders and declared functions differ: %s", diff)
	}
	if len(deployed) != len(declared) {
		t.Errorf("%d functions are deployed, %d declared", len(deployed), len(declared))
	}
}

func TestNamesOfAStageAgree(t *testing.T) {
	eachStage(t, func(t *testing.T, stage string, in template) {
		queues := all[queue](t, in, "AWS::SQS::Queue")
		rules := all[rule](t, in, "AWS::Events::Rule")
		reader := readers(t, in)
		for _, f := range functions(t) {
			name := "orderflow-" + stage + "-" + f.Key
			deployed := all[function](t, in, "AWS::Lambda::Function")[logicalID(f.Key)+"LambdaFunction"]
			if deployed.FunctionName != name {
				t.Errorf("%s is called %s, want %s", f.Key, deployed.FunctionName, name)
			}
			id := pascalCase(f.Key)
			q, fed := queues[id+"Queue"]
			if !fed {
				continue
			}
			if q.QueueName != name || queues[id+"DeadLetterQueue"].QueueName != name+"-dlq" {
				t.Errorf("%s has the queues %s and %s", f.Key, q.QueueName, queues[id+"DeadLetterQueue"].QueueName)
			}
			if !q.RedrivePolicy.DeadLetterTargetArn.IsARNOf(id + "DeadLetterQueue") {
				t.Errorf("%s gives up to %v", f.Key, q.RedrivePolicy.DeadLetterTargetArn)
			}
			if got, want := reader[id+"Queue"], logicalID(f.Key)+"LambdaFunction"; got != want {
				t.Errorf("%sQueue is read by %s, want %s", id, got, want)
			}
			r := rules[id+"Rule"]
			if r.Name != name || len(r.Targets) != 1 || !r.Targets[0].Arn.IsARNOf(id+"Queue") {
				t.Errorf("%sRule is called %s and has the targets %+v", id, r.Name, r.Targets)
			}
			for variable, want := range map[string]string{"QUEUE_URL": id + "Queue", "DEAD_LETTER_QUEUE_URL": id + "DeadLetterQueue"} {
				if got := deployed.Environment.Variables[variable]; got != (value{Ref: want}) {
					t.Errorf("%s has %s=%v, want %s", f.Key, variable, got, want)
				}
			}
		}
	})
}

// Case: the bootstrap was for another machine (serverless#12123, aws-lambda-go#554).
func TestFunctionsRunOnTheStagesMachines(t *testing.T) {
	eachStage(t, func(t *testing.T, stage string, in template) {
		want := lambdazip.AWS().LambdaArchitecture()
		if stage == "local" {
			// Without LOCAL_ARCHITECTURE in the environment.
			want = "x86_64"
		}
		for name, f := range all[function](t, in, "AWS::Lambda::Function") {
			if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || !slices.Equal(f.Architectures, []string{want}) {
				t.Errorf("%s runs %s on %s %v", name, f.Handler, f.Runtime, f.Architectures)
			}
		}
	})
}

func TestLogsDoNotPileUp(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		kept := make(map[string]int)
		for _, group := range all[struct {
			LogGroupName    string
			RetentionInDays int
		}](t, in, "AWS::Logs::LogGroup") {
			kept[group.LogGroupName] = group.RetentionInDays
		}
		for name, f := range all[function](t, in, "AWS::Lambda::Function") {
			if kept["/aws/lambda/"+f.FunctionName] == 0 {
				t.Errorf("%s keeps its logs for ever", name)
			}
		}
	})
}

type role struct {
	ManagedPolicyArns []value
	Policies          []struct {
		PolicyDocument struct{ Statement []statement }
	}
}

func TestEachFunctionHasItsOwnNarrowRole(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		roles := all[role](t, in, "AWS::IAM::Role")
		holder := make(map[string]string)
		for name, f := range all[function](t, in, "AWS::Lambda::Function") {
			if holder[f.Role.Ref] != "" {
				t.Errorf("%s and %s share %s", name, holder[f.Role.Ref], f.Role.Ref)
			}
			holder[f.Role.Ref] = name
			r, ok := roles[f.Role.Ref]
			if !ok || len(r.ManagedPolicyArns) > 0 || len(r.Policies) != 1 {
				t.Errorf("%s has the role %s: %+v", name, f.Role.Ref, r)
				continue
			}
			if in.Resources[f.Role.Ref].Condition != "" {
				t.Errorf("%s has a role that may be missing", name)
			}
			for _, s := range r.Policies[0].PolicyDocument.Statement {
				checkNarrow(t, name, s)
			}
		}
	})
}

// onlyOnTheEmulator are the stars that never reach AWS, with the reason: the emulator asks for leave to send mail as such,
// whoever the sender is, where AWS asks for leave to send as that sender.
var onlyOnTheEmulator = map[string]string{
	"ses:SendEmail": `{"Fn::If":["OnAws",{"Fn::Sub":"arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${MailIdentity}"},"*"]}`,
}

// checkNarrow refuses stars but for those in onlyOnTheEmulator and one more: a function's log streams have names that Lambda
// makes up, so a role names its own log group and a star for the streams in it.
func checkNarrow(t *testing.T, name string, s statement) {
	t.Helper()
	if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 {
		t.Errorf("%s: unforeseen statement %+v", name, s)
	}
	for _, action := range s.Action {
		if strings.Contains(action, "*") {
			t.Errorf("%s may do %s", name, action)
		}
	}
	for _, r := range s.Resource {
		ownLogs := strings.Contains(r.Text, ":log-group:/aws/lambda/orderflow-") && strings.HasSuffix(r.Text, `:*:*"}`) &&
			strings.Count(r.Text, "*") == 2 && strings.HasPrefix(s.Action[0], "logs:")
		if strings.Contains(r.Text, "*") && !ownLogs && r.Text != onlyOnTheEmulator[s.Action[0]] {
			t.Errorf("%s may do %v on %s", name, s.Action, r.Text)
		}
	}
}

func TestCommonRoleIsNeverMade(t *testing.T) {
	for name, r := range load(t, "prod").Resources {
		if name == "IamRoleLambdaExecution" && r.Condition == "CommonRole" {
			return
		}
	}
	t.Error("osls's common role, which may do what all functions may do, is deployed")
}

func TestTablesAreGuardedOutsideOfPlaygrounds(t *testing.T) {
	eachStage(t, func(t *testing.T, stage string, in template) {
		for name, table := range all[struct {
			BillingMode                      string
			DeletionProtectionEnabled        bool
			PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
			SSESpecification                 struct{ SSEEnabled bool }
		}](t, in, "AWS::DynamoDB::Table") {
			if table.BillingMode != "PAY_PER_REQUEST" || !table.SSESpecification.SSEEnabled {
				t.Errorf("%s is %+v", name, table)
			}
			if got, want := table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, stage != "local"; got != want {
				t.Errorf("%s can be restored: %v, want %v", name, got, want)
			}
			lasting := stage != "local" && stage != "dev"
			if got := table.DeletionProtectionEnabled; got != lasting {
				t.Errorf("%s is protected: %v, want %v", name, got, lasting)
			}
			if got := in.Resources[name].DeletionPolicy == "RetainExceptOnCreate"; got != lasting {
				t.Errorf("%s outlives its stack: %v, want %v", name, got, lasting)
			}
		}
	})
}

func TestEveryRouteButTheWebhooksWantsATokenAndPlacingAnOrderTheShopsScope(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		got := make(map[string][]string)
		for name, route := range all[struct {
			RouteKey            string
			AuthorizationType   string
			AuthorizationScopes []string
		}](t, in, "AWS::ApiGatewayV2::Route") {
			// A webhook has the provider's signature in a token's place.
			if guarded := route.AuthorizationType == "JWT"; guarded == (route.RouteKey == paymentwebhook.Route) {
				t.Errorf("%s is guarded by %q", name, route.AuthorizationType)
			}
			got[route.RouteKey] = route.AuthorizationScopes
		}
		want := map[string][]string{
			recordorder.Route: {httpapi.ShopScope}, getorder.RouteList: nil, getorder.RouteOne: nil, cancelorder.Route: nil, paymentwebhook.Route: nil,
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOutputsNameWhatCommandsLookFor(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		want := []string{
			"Stage", "Region", "ApiId", "ApiUrl", "TokenUrl", "BusName", "OrdersTable", "UsersTable", "PaymentsTable", "NotificationsTable",
			"UserPoolId", "UserPoolDomain", "ShopClientId", "CustomerClientId", "UndeliverableQueueUrl", "MailSender", "StripeBaseUrl", "StripeSecretArn", "SagaArn",
		}
		for name := range all[queue](t, in, "AWS::SQS::Queue") {
			want = append(want, name+"Url")
		}
		for _, name := range want {
			if _, ok := in.Outputs[name]; !ok {
				t.Errorf("no output %s", name)
			}
		}
	})
}

func TestEmulatorMeetsNoTypeItLacks(t *testing.T) {
	in := load(t, "local")
	lacking := []string{"AWS::Events::Archive", "AWS::Events::EventBusPolicy", "AWS::CloudWatch::CompositeAlarm"}
	checked := 0
	for name, r := range in.Resources {
		if !slices.Contains(lacking, r.Type) {
			continue
		}
		checked++
		if r.Condition != "OnAws" {
			t.Errorf("%s is made locally too", name)
		}
	}
	if checked == 0 {
		t.Error("the bus has no archive")
	}
}

func TestStatementsWithOneOrMoreAreReadAlike(t *testing.T) {
	var got []statement
	if err := json.Unmarshal([]byte(`[{"Action":"a","Resource":"r"},{"Action":["a"],"Resource":["r"]}]`), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Error(diff)
	}
}
