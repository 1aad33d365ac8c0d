/**
 * The part of the EC2 SDK that we use. Imported at run time through this file, and never whole: the whole is a megabyte
 * of code and thirty of memory, of which the bundler can only leave out what a static import does not name.
 */

export {
  AssociateAddressCommand,
  AttachVolumeCommand,
  CancelSpotInstanceRequestsCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  DeleteVolumeCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSnapshotsCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSpotPriceHistoryCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
