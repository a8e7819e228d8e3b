package local

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/stack"
)

// findOutputs fills in what the deploy put out.
func (r *Run) findOutputs(ctx context.Context, root string) error {
	var err error
	if r.Stack, err = stack.Find(ctx, r.Config, stack.Local); err != nil {
		return err
	}
	functions, err := lambdazip.Functions(root)
	if err != nil {
		return err
	}
	outputs, err := readOutputs(ctx, r.Config)
	if err != nil {
		return err
	}
	r.UndeliverableURL = outputs["UndeliverableQueueUrl"]
	r.Queues = make(map[string]Queue)
	for _, f := range functions {
		name := cfn.PascalCase(f.Key)
		if dead, ok := outputs[name+"DeadLetterQueueUrl"]; ok {
			r.Queues[f.Key] = Queue{URL: outputs[name+"QueueUrl"], DeadLetterURL: dead}
		}
	}
	return nil
}

func readOutputs(ctx context.Context, conf aws.Config) (map[string]string, error) {
	name := stack.Name(stack.Local)
	found, err := cloudformation.NewFromConfig(conf).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil, fmt.Errorf("read outputs of %s: %w", name, err)
	}
	outputs := make(map[string]string)
	for _, s := range found.Stacks {
		for _, o := range s.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return outputs, nil
}
