// Records what the real provider computes that nodes of every type offer, under node classes of every kind. See ../README.md.
package main

import (
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"flag"
	"log"
	"os"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awsv1 "github.com/aws/karpenter-provider-aws/pkg/apis/v1"
	"github.com/aws/karpenter-provider-aws/pkg/operator/options"
	"github.com/aws/karpenter-provider-aws/pkg/providers/instancetype"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

//go:embed classes.yaml
var written []byte

// class is a node class, and the settings of the controller behind it.
type class struct {
	Settings struct {
		ReservedENIs            int     `json:"reservedENIs,omitempty"`
		VMMemoryOverheadPercent float64 `json:"vmMemoryOverheadPercent,omitempty"`
	} `json:"settings"`
	Spec json.RawMessage `json:"spec"`
}

// line is a node class and, by type in the order of the table, what its nodes offer.
type line struct {
	Class       class     `json:"class"`
	Allocatable [][]int64 `json:"allocatable"`
}

func main() {
	log.SetFlags(0)
	types := flag.String("types", "../../../src/cloud/data/types.csv.gz", "table of instance types")
	out := flag.String("out", "../recorded/capacity.jsonl.gz", "file to write")
	flag.Parse()
	var classes []class
	must(yaml.UnmarshalStrict(written, &classes))
	infos := read(*types)
	file, err := os.Create(*out)
	must(err)
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	must(err)
	lines := json.NewEncoder(packed)
	for _, class := range classes {
		recorded := line{Class: class}
		for _, info := range infos {
			recorded.Allocatable = append(recorded.Allocatable, allocatable(info, class))
		}
		must(lines.Encode(recorded))
	}
	must(packed.Close())
	must(file.Close())
	log.Printf("%d types under %d node classes", len(infos), len(classes))
}

// allocatable is CPU in millicores, memory, pods, ephemeral storage, pod interfaces, EFA interfaces, and addresses of a Windows node.
func allocatable(info ec2types.InstanceTypeInfo, class class) []int64 {
	nodeClass := &awsv1.EC2NodeClass{}
	must(json.Unmarshal(class.Spec, &nodeClass.Spec))
	settings := &options.Options{ReservedENIs: class.Settings.ReservedENIs, VMMemoryOverheadPercent: 0.075}
	if percent := class.Settings.VMMemoryOverheadPercent; percent != 0 {
		settings.VMMemoryOverheadPercent = percent
	}
	ctx := options.ToContext(context.Background(), settings)
	resolved := instancetype.NewDefaultResolver("us-east-1").Resolve(ctx, info, []string{"us-east-1a"}, nodeClass)
	offered := resolved.Allocatable()
	numbers := []int64{offered.Cpu().MilliValue()}
	for _, name := range []corev1.ResourceName{
		corev1.ResourceMemory, corev1.ResourcePods, corev1.ResourceEphemeralStorage, awsv1.ResourceAWSPodENI, awsv1.ResourceEFA,
		awsv1.ResourcePrivateIPv4Address,
	} {
		quantity := offered[name]
		numbers = append(numbers, quantity.Value())
	}
	return numbers
}

// read turns the table into what EC2 would say of its types.
func read(path string) []ec2types.InstanceTypeInfo {
	file, err := os.Open(path)
	must(err)
	unpacked, err := gzip.NewReader(file)
	must(err)
	rows, err := csv.NewReader(unpacked).ReadAll()
	must(err)
	column := map[string]int{}
	for place, name := range rows[0] {
		column[name] = place
	}
	var infos []ec2types.InstanceTypeInfo
	for _, row := range rows[1:] {
		number := func(name string) *int64 {
			if row[column[name]] == "" {
				return nil
			}
			value, err := strconv.ParseInt(row[column[name]], 10, 64)
			must(err)
			return &value
		}
		small := func(name string) *int32 {
			if value := number(name); value != nil {
				return aws.Int32(int32(*value))
			}
			return nil
		}
		arch := ec2types.ArchitectureTypeX8664
		if row[column["arch"]] == "arm64" {
			arch = ec2types.ArchitectureTypeArm64
		}
		info := ec2types.InstanceTypeInfo{
			InstanceType:  ec2types.InstanceType(row[column["instance_type"]]),
			Hypervisor:    ec2types.InstanceTypeHypervisorNitro,
			BareMetal:     aws.Bool(row[column["hypervisor"]] == ""),
			VCpuInfo:      &ec2types.VCpuInfo{DefaultVCpus: small("vcpu")},
			MemoryInfo:    &ec2types.MemoryInfo{SizeInMiB: number("memory_mib")},
			ProcessorInfo: &ec2types.ProcessorInfo{SupportedArchitectures: []ec2types.ArchitectureType{arch}},
			NetworkInfo: &ec2types.NetworkInfo{
				DefaultNetworkCardIndex:      aws.Int32(0),
				Ipv4AddressesPerInterface:    small("ipv4_per_eni"),
				NetworkCards:                 []ec2types.NetworkCardInfo{{MaximumNetworkInterfaces: small("enis")}},
				EncryptionInTransitSupported: aws.Bool(false),
			},
			SupportedUsageClasses: []ec2types.UsageClassType{ec2types.UsageClassTypeOnDemand},
		}
		if efas := small("efa"); efas != nil {
			info.NetworkInfo.EfaInfo = &ec2types.EfaInfo{MaximumEfaInterfaces: efas}
		}
		if store := number("instance_store_gb"); store != nil {
			info.InstanceStorageInfo = &ec2types.InstanceStorageInfo{TotalSizeInGB: store}
		}
		infos = append(infos, info)
	}
	return infos
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
