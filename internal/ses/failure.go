package ses

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Codes of failures.
const (
	CodeAddress         outcome.Code = "mail_address_invalid"
	CodeRejected        outcome.Code = "mail_rejected"
	CodeRequest         outcome.Code = "mail_request_invalid"
	CodeThrottled       outcome.Code = "mail_throttled"           // over the rate or the day's quota
	CodePaused          outcome.Code = "mail_sending_paused"      // by an operator or by SES
	CodeSuspended       outcome.Code = "mail_account_suspended"   // for good, unless SES is asked
	CodeSender          outcome.Code = "mail_sender_not_verified" // the address, or its MAIL FROM domain
	CodeConfiguration   outcome.Code = "mail_configuration_set_missing"
	CodeAccess          outcome.Code = "mail_access_denied"
	CodeRefusedForNow   outcome.Code = "mail_refused_for_now" // a 4xx that is not known here
	CodeUnreachable     outcome.Code = "mail_service_unreachable"
	CodeNoTime          outcome.Code = "mail_no_time_left"
	CodeNotAcknowledged outcome.Code = "mail_not_acknowledged" // timeout, lost connection, 5xx
)

// notSent are the errors by which SES refuses every mail for now, whatever its
// address: an operator has something to do, or time will mend it
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
// https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html).
var notSent = map[string]outcome.Code{
	"TooManyRequestsException":           CodeThrottled,
	"LimitExceededException":             CodeThrottled,
	"ThrottlingException":                CodeThrottled,
	"Throttling":                         CodeThrottled,
	"SendingPausedException":             CodePaused,
	"AccountSuspendedException":          CodeSuspended,
	"MailFromDomainNotVerifiedException": CodeSender,
	"NotFoundException":                  CodeConfiguration,
}

// failure says what err, the error of SendEmail, means for a mail from that sender. It takes over no words
// of SES, which may quote addresses. It is nil where SES took the mail.
func failure(err error, sender string) error {
	status := statusOf(err)
	if err == nil || status/100 == 2 { // SES took it, even if its answer could not be read to the end
		return nil
	}
	answer, ok := errors.AsType[smithy.APIError](err)
	switch {
	case unreachable(err):
		return &mail.Failure{Kind: mail.NotSent, Code: CodeUnreachable}
	case !ok || status/100 != 4 || status == http.StatusRequestTimeout:
		return &mail.Failure{Kind: mail.Uncertain, Code: CodeNotAcknowledged}
	}
	if code, ok := notSent[answer.ErrorCode()]; ok {
		return &mail.Failure{Kind: mail.NotSent, Code: code}
	}
	return refusal(answer, status, sender)
}

func refusal(answer smithy.APIError, status int, sender string) *mail.Failure {
	switch answer.ErrorCode() {
	case "MessageRejected":
		return rejected(answer.ErrorMessage(), sender)
	case "BadRequestException", "ValidationException":
		return malformed(answer.ErrorMessage())
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return &mail.Failure{Kind: mail.NotSent, Code: CodeAccess}
	}
	return &mail.Failure{Kind: mail.NotSent, Code: CodeRefusedForNow}
}

// rejected sorts the reasons of MessageRejected. It names the identities that are not
// verified: our sender, which an operator must see to, or in the sandbox the address that we write to
// (https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html).
func rejected(message, sender string) *mail.Failure {
	if strings.Contains(message, "not verified") && strings.Contains(message, sender) {
		return &mail.Failure{Kind: mail.NotSent, Code: CodeSender}
	}
	return &mail.Failure{Kind: mail.Refused, Code: CodeRejected}
}

// malformed sorts the reasons of BadRequestException. Our sender is known to be an address, so that a complaint about
// one is about the customer's. SES says "Illegal address", "Domain contains dot-dot", "Missing final '@domain'" and more.
func malformed(message string) *mail.Failure {
	message = strings.ToLower(message)
	if strings.Contains(message, "address") || strings.Contains(message, "domain") {
		return &mail.Failure{Kind: mail.Refused, Code: CodeAddress}
	}
	return &mail.Failure{Kind: mail.Invalid, Code: CodeRequest}
}

// repeatable reports whether the client may make the same call again at once, which is where the last one
// certainly sent nothing and the next one may fare better.
func repeatable(err error) aws.Ternary {
	answer, ok := errors.AsType[smithy.APIError](err)
	throttled := ok && statusOf(err)/100 == 4 && notSent[answer.ErrorCode()] == CodeThrottled
	return aws.BoolTernary(throttled || unreachable(err))
}

// unreachable reports whether no connection was made.
func unreachable(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// statusOf returns the status of the answer that err came with, or zero where there was none.
func statusOf(err error) int {
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}
