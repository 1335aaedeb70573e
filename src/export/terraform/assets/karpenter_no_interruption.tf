locals {
  # As simulated: Karpenter hears of no interruption.
  karpenter_interruption_settings = {}
}
