// Vectors prints objects with every field set, and with every field set to its zero value, as protobuf and as JSON. The
// tests of the protobuf decoder read it.
//
// Usage: go run ./vectors | xz -9 > ../../../tests/unit/apiserver/protobuf_vectors.json.xz
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

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
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var kinds = []struct {
	group schema.GroupVersion
	kinds []string
}{
	{corev1.SchemeGroupVersion, []string{"Pod", "Service", "PersistentVolume", "PersistentVolumeClaim", "ConfigMap", "Secret",
		"Node", "Namespace", "ServiceAccount", "Endpoints", "Event", "ReplicationController", "Binding"}},
	{appsv1.SchemeGroupVersion, []string{"StatefulSet", "Deployment", "ReplicaSet", "ControllerRevision"}},
	{authenticationv1.SchemeGroupVersion, []string{"TokenRequest", "TokenReview", "SelfSubjectReview"}},
	{authorizationv1.SchemeGroupVersion, []string{"SubjectAccessReview", "SelfSubjectRulesReview"}},
	{autoscalingv1.SchemeGroupVersion, []string{"Scale"}},
	{coordinationv1.SchemeGroupVersion, []string{"Lease"}},
	{discoveryv1.SchemeGroupVersion, []string{"EndpointSlice"}},
	{eventsv1.SchemeGroupVersion, []string{"Event"}},
	{policyv1.SchemeGroupVersion, []string{"PodDisruptionBudget", "Eviction"}},
	{rbacv1.SchemeGroupVersion, []string{"ClusterRole", "RoleBinding"}},
	{schedulingv1.SchemeGroupVersion, []string{"PriorityClass"}},
	{storagev1.SchemeGroupVersion, []string{"StorageClass"}},
	{schema.GroupVersion{Version: "v1"}, []string{"DeleteOptions"}},
}

// Vector is one object in both encodings.
type Vector struct {
	Group    string         `json:"group"`
	Version  string         `json:"version"`
	Kind     string         `json:"kind"`
	Protobuf []byte         `json:"protobuf"`
	Object   runtime.Object `json:"object"`
}

func main() {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme, autoscalingv1.AddToScheme,
		coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, eventsv1.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, schedulingv1.AddToScheme, storagev1.AddToScheme,
	} {
		must(add(scheme))
	}
	serializer := protobuf.NewSerializer(scheme, scheme)
	var vectors []Vector
	for _, group := range kinds {
		for _, kind := range group.kinds {
			for _, zero := range []bool{false, true} {
				gvk := group.group.WithKind(kind)
				object, err := scheme.New(gvk)
				must(err)
				filler := &filler{zero: zero}
				filler.fill(reflect.ValueOf(object).Elem())
				object.GetObjectKind().SetGroupVersionKind(gvk)
				encoded, err := runtime.Encode(serializer, object)
				must(err)
				vectors = append(vectors, Vector{gvk.Group, gvk.Version, gvk.Kind, encoded, object})
			}
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(vectors))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

type filler struct {
	zero    bool // every pointer and list is set, what they hold is zero
	counter int
}

var quantities = []string{"100m", "1Gi", "0.5", "1500Mi", "-3", "2e3", "1E", "123456789n"}

// special returns a value of a type that has an encoding of its own.
func (f *filler) special(kind reflect.Type) any {
	f.counter++
	moment := time.Unix(1700000000+int64(f.counter)*1000, int64(f.counter)*1001000%1000000000).UTC()
	switch kind {
	case reflect.TypeFor[metav1.Time]():
		return metav1.NewTime(moment.Truncate(time.Second))
	case reflect.TypeFor[metav1.MicroTime]():
		return metav1.NewMicroTime(moment)
	case reflect.TypeFor[resource.Quantity]():
		return resource.MustParse(quantities[f.counter%len(quantities)])
	case reflect.TypeFor[intstr.IntOrString]():
		if f.counter%2 == 0 {
			return intstr.FromString(fmt.Sprintf("%d%%", f.counter))
		}
		return intstr.FromInt32(int32(-f.counter))
	case reflect.TypeFor[runtime.RawExtension]():
		return runtime.RawExtension{Raw: []byte(`{"spec":{"a":[1,null,"é"],"f":1.5}}`)}
	case reflect.TypeFor[metav1.FieldsV1]():
		return *metav1.NewFieldsV1(`{"f:spec":{}}`)
	case reflect.TypeFor[metav1.TypeMeta]():
		return metav1.TypeMeta{}
	}
	return nil
}

func (f *filler) fill(value reflect.Value) {
	if special := f.special(value.Type()); special != nil {
		if !f.zero {
			value.Set(reflect.ValueOf(special))
		}
		return
	}
	switch value.Kind() {
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		f.fill(value.Elem())
	case reflect.Struct:
		for i := range value.NumField() {
			// The Pod has it all already; in every workload again, it would make most of the file.
			if value.Type() != reflect.TypeFor[corev1.PodTemplateSpec]() || value.Type().Field(i).Name != "Spec" {
				f.fill(value.Field(i))
			}
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		f.fill(value.Index(0))
	case reflect.Map:
		key, element := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		f.fill(key)
		f.fill(element)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(key, element)
	default:
		if !f.zero {
			f.scalar(value)
		}
	}
}

func (f *filler) scalar(value reflect.Value) {
	number := int64(f.counter)
	switch value.Kind() {
	case reflect.String:
		value.SetString(fmt.Sprintf("ü%d", number))
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Uint8:
		value.SetUint(uint64(number % 256))
	case reflect.Int32, reflect.Int64:
		value.SetInt([]int64{number, -number, 1<<31 - 1 - number, number << 8}[number%4])
	default:
		panic(value.Type().String())
	}
}
