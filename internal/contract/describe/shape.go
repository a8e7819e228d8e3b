package describe

import (
	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/internal/problem"
)

// The shapes of OpenAPI 3.1.0 (https://spec.openapis.org/oas/v3.1.0), as far as they are used.
type (
	openDocument struct {
		OpenAPI    string                          `yaml:"openapi"`
		Info       info                            `yaml:"info"`
		Servers    []server                        `yaml:"servers"`
		Tags       []tag                           `yaml:"tags"`
		Paths      map[string]map[string]operation `yaml:"paths"`
		Components components                      `yaml:"components"`
	}
	server struct {
		URL         string `yaml:"url"`
		Description string `yaml:"description"`
	}
	tag struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
	}
	operation struct {
		OperationID string                `yaml:"operationId"`
		Tags        []string              `yaml:"tags"`
		Summary     string                `yaml:"summary"`
		Description string                `yaml:"description"`
		Security    []map[string][]string `yaml:"security"`
		Parameters  []parameter           `yaml:"parameters,omitempty"`
		RequestBody *requestBody          `yaml:"requestBody,omitempty"`
		Responses   map[string]response   `yaml:"responses"`
	}
	parameter struct {
		Name        string `yaml:"name"`
		In          string `yaml:"in"`
		Required    bool   `yaml:"required,omitempty"`
		Description string `yaml:"description"`
		Schema      value  `yaml:"schema"`
		Example     string `yaml:"example,omitempty"`
	}
	// value is the schema of a parameter or a header.
	value struct {
		Ref     string `yaml:"$ref,omitempty"`
		Type    string `yaml:"type,omitempty"`
		Const   string `yaml:"const,omitempty"`
		Minimum int    `yaml:"minimum,omitempty"`
		Maximum int    `yaml:"maximum,omitempty"`
		Default int    `yaml:"default,omitempty"`
	}
	requestBody struct {
		Required bool             `yaml:"required"`
		Content  map[string]media `yaml:"content"`
	}
	media struct {
		Schema   reference             `yaml:"schema"`
		Examples map[string]exampleOne `yaml:"examples,omitempty"`
	}
	problemMedia struct {
		Schema problemSchema `yaml:"schema"`
	}
	exampleOne struct {
		Value *yaml.Node `yaml:"value"`
	}
	response struct {
		Description string            `yaml:"description"`
		Headers     map[string]header `yaml:"headers,omitempty"`
		Content     content           `yaml:"content"`
		Links       map[string]link   `yaml:"links,omitempty"`
	}
	// content is what an answer may hold: one of what is not nil.
	content struct {
		JSON    *media        `yaml:"application/json,omitempty"`
		Problem *problemMedia `yaml:"application/problem+json,omitempty"`
	}
	problemSchema struct {
		AllOf []problemPart `yaml:"allOf"`
	}
	problemPart struct {
		Ref        string             `yaml:"$ref,omitempty"`
		Properties *problemProperties `yaml:"properties,omitempty"`
	}
	problemProperties struct {
		Type   enum  `yaml:"type"`
		Status exact `yaml:"status"`
	}
	enum struct {
		Enum []problem.Type `yaml:"enum"`
	}
	exact struct {
		Const int `yaml:"const"`
	}
	header struct {
		Description string `yaml:"description"`
		Required    bool   `yaml:"required,omitempty"`
		Schema      value  `yaml:"schema"`
	}
	link struct {
		OperationID string            `yaml:"operationId"`
		Parameters  map[string]string `yaml:"parameters"`
	}
	components struct {
		SecuritySchemes map[string]securityScheme `yaml:"securitySchemes"`
		Schemas         map[string]*yaml.Node     `yaml:"schemas"`
	}
	securityScheme struct {
		Type         string `yaml:"type"`
		Description  string `yaml:"description"`
		Scheme       string `yaml:"scheme,omitempty"`
		BearerFormat string `yaml:"bearerFormat,omitempty"`
		Flows        *flows `yaml:"flows,omitempty"`
	}
	flows struct {
		ClientCredentials clientCredentials `yaml:"clientCredentials"`
	}
	clientCredentials struct {
		TokenURL string            `yaml:"tokenUrl"`
		Scopes   map[string]string `yaml:"scopes"`
	}
)

func ref(component string) reference { return reference{componentPrefix + component} }
