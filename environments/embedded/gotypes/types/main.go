// Types prints what the Go types of the Kubernetes API say and its JSON schema does not: the protobuf number of every
// field, and how its zero value is written. `make_schema.py` and `make_protobuf.py` read it.
//
// Usage: go run ./types > types.json
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Field is one field of a struct.
type Field struct {
	Number  int    `json:"number,omitempty"`  // in protobuf
	Inline  string `json:"inline,omitempty"`  // the definition whose fields are the outer object's in JSON
	Pointer bool   `json:"pointer,omitempty"` // an explicit zero value is not an absent one
	Omit    bool   `json:"omit,omitempty"`    // the tag has omitempty
}

var definitions = map[string]map[string]Field{}

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme, autoscalingv1.AddToScheme,
		coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, eventsv1.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, schedulingv1.AddToScheme, storagev1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	for _, kind := range scheme.AllKnownTypes() {
		visit(kind)
	}
	visit(reflect.TypeOf(metav1.Status{}))
	visit(reflect.TypeOf(metav1.DeleteOptions{}))
	encoder := json.NewEncoder(os.Stdout)
	if err := encoder.Encode(definitions); err != nil {
		panic(err)
	}
}

func name(kind reflect.Type) string {
	path := strings.Replace(kind.PkgPath(), "k8s.io/", "io/k8s/", 1)
	return strings.ReplaceAll(path, "/", ".") + "." + kind.Name()
}

func visit(kind reflect.Type) {
	switch kind.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		visit(kind.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if _, seen := definitions[name(kind)]; seen || !strings.HasPrefix(kind.PkgPath(), "k8s.io/") {
		return
	}
	fields := map[string]Field{}
	definitions[name(kind)] = fields
	for i := range kind.NumField() {
		field := kind.Field(i)
		if !field.IsExported() {
			continue
		}
		visit(field.Type)
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		found := Field{Pointer: field.Type.Kind() == reflect.Pointer, Omit: strings.Contains(options, "omitempty")}
		if parts := strings.Split(field.Tag.Get("protobuf"), ","); len(parts) > 1 {
			found.Number, _ = strconv.Atoi(parts[1])
		}
		if key == "" && field.Anonymous {
			key, found.Inline = field.Name, name(field.Type)
		}
		if key != "" && key != "-" {
			fields[key] = found
		}
	}
}
